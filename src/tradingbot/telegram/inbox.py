"""What Telegram tells us is kept before it is told that we know; whoever is free answers it."""

import hmac
from collections.abc import Sequence
from typing import Any

from tradingbot.kit.database import Database
from tradingbot.kit.plain import plain
from tradingbot.kit.queue import Doorbell
from tradingbot.telegram import repository
from tradingbot.telegram.errors import WebhookForbidden
from tradingbot.telegram.schemas import understood

BELL = "telegram:updates"


def kept(bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of what came, what there is to do something about."""
    rows = []
    for body in bodies:
        update = understood(body)
        if update is not None and update.chat is not None:
            rows.append(
                {"update_id": update.update_id, "chat_id": update.chat.id, "body": plain(body)}
            )
    return rows


class Inbox:
    """What was said to one bot."""

    def __init__(self, database: Database, bot_id: int) -> None:
        self._database = database
        self._bot_id = bot_id

    async def take(self, body: dict[str, Any]) -> None:
        """One that Telegram brought itself. Raises DatabaseUnreachable: then it comes again."""
        async with self._database.begin() as connection:
            await repository.keep_updates(connection, self._bot_id, kept([body]))

    async def take_all(self, bodies: Sequence[dict[str, Any]], worker_id: str, fence: int) -> bool:
        """False: somebody else asks now, and these are his."""
        async with self._database.begin() as connection:
            if not await repository.holds_polling(connection, self._bot_id, worker_id, fence):
                return False
            await repository.keep_updates(connection, self._bot_id, kept(bodies))
            return True


class Calls:
    """Telegram brings what is new itself; `secret` is what only it and we know."""

    def __init__(self, database: Database, doorbell: Doorbell, bot_id: int, secret: str) -> None:
        self._inbox = Inbox(database, bot_id)
        self._doorbell = doorbell
        self._secret = secret

    async def take(self, shown: str, body: dict[str, Any]) -> None:
        """Raise WebhookForbidden, or DatabaseUnreachable: then it comes again."""
        if not hmac.compare_digest(shown.encode(), self._secret.encode()):
            raise WebhookForbidden("there is nothing at this address")
        await self._inbox.take(body)
        await self._doorbell.ring(BELL, "")
