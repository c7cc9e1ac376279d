"""A link in each e-mail that switches e-mail off, and does nothing else."""

import hmac
from dataclasses import dataclass

from tradingbot.kit.database import Connection, Database
from tradingbot.kit.vault import Vault
from tradingbot.notifications import repository
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.errors import LinkInvalid

PATH = "/api/notifications/email/unsubscribe"
NOTE = "you asked for no more e-mails, by the link in one of them"
MARK_CHARACTERS = 40
# Fewer than the largest number a row can have.
DIGITS = 19


@dataclass(frozen=True, slots=True)
class Subscription:
    user_id: int
    address: str
    language: str


class WayOut:
    """Whoever has the e-mail has the link; it holds for the address it was sent to."""

    def __init__(self, database: Database, vault: Vault, audiences: Audiences, url: str) -> None:
        self._database = database
        self._vault = vault
        self._audiences = audiences
        self._url = url.rstrip("/")

    def link(self, user_id: int, address: str) -> str:
        mark = self._vault.fingerprint(_meaning(user_id, address))[:MARK_CHARACTERS]
        return f"{self._url}{PATH}?token={user_id}.{mark}"

    async def whose(self, token: str) -> Subscription:
        """Raise LinkInvalid."""
        async with self._database.reading() as connection:
            return await self._whose(connection, token)

    async def leave(self, token: str) -> Subscription:
        """E-mail is off now, also when it was before. Raise LinkInvalid."""
        async with self._database.begin() as connection:
            who = await self._whose(connection, token)
            settings = await repository.settings_of(connection, who.user_id, lock=True)
            changes = {"email_enabled": False, "notes": settings.notes | {"email": NOTE}}
            await repository.save_settings(
                connection, who.user_id, settings.model_copy(update=changes)
            )
        await self._audiences.changed(who.user_id)
        return who

    async def _whose(self, connection: Connection, token: str) -> Subscription:
        number, _, mark = token.partition(".")
        if not (number.isascii() and number.isdecimal() and len(number) < DIGITS):
            raise LinkInvalid("this link is not complete", field="token")
        user_id = int(number)
        audience = await repository.audience(connection, user_id)
        if audience is None or not audience.settings.email_address:
            raise LinkInvalid("this link is of nobody any more", field="token")
        address = audience.settings.email_address
        known = self._vault.fingerprints(_meaning(user_id, address))
        given = mark.encode()
        if not any(hmac.compare_digest(one[:MARK_CHARACTERS].encode(), given) for one in known):
            raise LinkInvalid("this link is not complete, or of another address", field="token")
        return Subscription(user_id, address, audience.settings.language)


def _meaning(user_id: int, address: str) -> str:
    return f"stop e-mail\n{user_id}\n{address}"
