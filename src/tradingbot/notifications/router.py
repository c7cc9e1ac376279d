"""Something happened: who hears of it, and on which channels."""

import json
from collections.abc import Collection
from contextlib import suppress

from pydantic import ValidationError

from tradingbot.kit.database import Database
from tradingbot.kit.plain import plain
from tradingbot.kit.queue import Item, Queue, QueueUnreachable, Unprocessable
from tradingbot.notifications import repository
from tradingbot.notifications.channels import channels_for, queue_of
from tradingbot.notifications.schemas import QueuedNotification


class Router:
    """`offered`: the channels the operator has set up."""

    def __init__(
        self, database: Database, queue: Queue, offered: Collection[str] = ("console",)
    ) -> None:
        self._database = database
        self._queue = queue
        self._offered = frozenset(offered)

    async def handle(self, item: Item) -> None:
        """Give each channel its delivery, once, however often the item comes.

        Raises Unprocessable when it makes no sense or its user does not exist.
        """
        told = understood(item)
        async with self._database.begin() as connection:
            audience = await repository.audience(connection, told.user_id)
            if audience is None:
                raise Unprocessable(f"there is no user {told.user_id}")
            channels = channels_for(audience.settings, told.event_type, self._offered)
            new = await repository.add(
                connection,
                user_id=told.user_id,
                source_id=str(told.id),
                event_type=told.event_type,
                data=plain(told.data),
                channels=channels if audience.is_active else [],
            )
        # The rows are safe. A bell nobody hears costs a moment, until the courier's next sweep.
        with suppress(QueueUnreachable):
            await self._queue.push(
                [
                    (queue_of(channel), json.dumps({"id": f"delivery:{id_}", "delivery_id": id_}))
                    for channel, id_ in new.items()
                ]
            )


def understood(item: Item) -> QueuedNotification:
    try:
        return QueuedNotification.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(map(str, first["loc"]))
        raise Unprocessable(f"{name}: {first['msg']}") from None
