"""Something happened: who hears of it, and on which channels."""

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from tradingbot.bots import repository as bots
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.plain import plain
from tradingbot.kit.queue import Item, Queue, QueueUnreachable, Unprocessable
from tradingbot.notifications import repository
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.channels import channels_for, queue_of
from tradingbot.notifications.schemas import ID_MAX, QueuedNotification


class Router:
    """`offered`: the channels the operator has set up."""

    def __init__(
        self,
        database: Database,
        queue: Queue,
        offered: Collection[str] = ("console",),
        audiences: Audiences | None = None,
    ) -> None:
        self._database = database
        self._audiences = audiences or Audiences(database)
        self._queue = queue
        self._offered = frozenset(offered)

    async def handle(self, item: Item) -> None:
        """Give each channel its delivery, once, however often the item comes.

        Raises Unprocessable when it makes no sense or its user does not exist.
        """
        told = understood(item)
        audience = await self._audiences.of(told.user_id)
        if audience is None:
            raise Unprocessable(f"there is no user {told.user_id}")
        channels = channels_for(audience.settings, told.event_type, self._offered)
        data = plain(told.data)
        async with self._database.begin() as connection:
            new = await repository.add(
                connection,
                user_id=told.user_id,
                source_id=str(told.id),
                event_type=told.event_type,
                data=data | await self._bot(connection, told.user_id, data),
                channels=channels if audience.is_active else [],
            )
        # The rows are safe. A bell nobody hears costs a moment, until the courier's next sweep.
        await ring(self._queue, new)

    async def _bot(
        self, connection: Connection, user_id: int, data: Mapping[str, Any]
    ) -> dict[str, str]:
        """Its name, where only its number is given."""
        bot_id = data.get("bot_id")
        if "bot" in data or type(bot_id) is not int or not 0 < bot_id <= ID_MAX:
            return {}
        bot = await bots.owned(connection, user_id, bot_id)
        return {} if bot is None else {"bot": bot.name}


def understood(item: Item) -> QueuedNotification:
    try:
        return QueuedNotification.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise Unprocessable(f"{name}: {first['msg']}") from None


async def ring(queue: Queue, new: Mapping[str, int]) -> None:
    """Tell the couriers of these channels of these deliveries; nobody hears while Redis is away."""
    bells = [
        (queue_of(channel), json.dumps({"id": f"delivery:{id_}", "delivery_id": id_}))
        for channel, id_ in new.items()
    ]
    with suppress(QueueUnreachable):
        await queue.push(bells)
