"""An address is used once its reader has said that it is theirs: by code, or by link."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from tradingbot.kit.database import Connection, Database
from tradingbot.kit.vault import Vault
from tradingbot.notifications import confirmation_repository as letters
from tradingbot.notifications import repository
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.confirmation_repository import Asked
from tradingbot.notifications.errors import (
    ChannelNotOffered,
    ChannelNotSetUp,
    CodeWrong,
    LinkInvalid,
    TooManyLetters,
)
from tradingbot.notifications.mail_words import MAIL_WORDS
from tradingbot.notifications.ports import Message
from tradingbot.notifications.schemas import SettingsView

CONFIRMATION = "email_confirmation"
PATH = "/api/notifications/email/confirm"
LIFE = timedelta(hours=24)
PAUSE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LETTERS_PER_HOUR = 5
WRONG_CODES_MAX = 5
MARK_CHARACTERS = 40
DIGITS = 19


@dataclass(frozen=True, slots=True)
class Asking:
    address: str
    language: str


class Confirmations:
    """`url`: where links lead; empty: the letter has a code only."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        audiences: Audiences,
        url: str,
        *,
        offered: bool,
    ) -> None:
        self._database = database
        self._vault = vault
        self._audiences = audiences
        self._url = url.rstrip("/")
        self._offered = offered

    async def ask(self, user_id: int) -> SettingsView:
        """Have a letter sent to the user's address, unless it is proven already.

        Raise ChannelNotOffered, ChannelNotSetUp without an address, TooManyLetters.
        """
        if not self._offered:
            raise ChannelNotOffered("email is not set up by the operator", field="channel")
        async with self._database.begin() as connection:
            settings = await repository.settings_of(connection, user_id, lock=True)
            address = settings.email_address
            if not address:
                raise ChannelNotSetUp("email_address is needed first", field="email_address")
            if settings.email_verified_at is None:
                await _check_pace(connection, user_id, address)
                await letters.add(connection, user_id, address, LIFE)
        return settings

    async def confirm_code(self, user_id: int, code: str) -> SettingsView:
        """Raise CodeWrong: also when it is over, or too many were wrong."""
        async with self._database.begin() as connection:
            settings = await repository.settings_of(connection, user_id, lock=True)
            if settings.email_verified_at is not None:
                return settings
            address = settings.email_address or ""
            asked = await letters.latest(connection, user_id, address)
            is_right = asked is not None and await self._try(connection, asked, code)
            if is_right:
                await letters.confirm(connection, user_id, address)
                settings = await repository.settings_of(connection, user_id)
        if not is_right:  # outside, so that the count of wrong ones stays
            raise CodeWrong("this code is wrong or over; ask for a new one", field="code")
        await self._audiences.changed(user_id)
        return settings

    async def whose(self, token: str) -> Asking:
        """Raise LinkInvalid."""
        async with self._database.reading() as connection:
            asked = await self._asked(connection, token)
            return await self._asking(connection, asked)

    async def confirm_link(self, token: str) -> Asking:
        """Raise LinkInvalid."""
        async with self._database.begin() as connection:
            asked = await self._asked(connection, token)
            if not await letters.confirm(connection, asked.user_id, asked.address):
                raise LinkInvalid("this link is of an earlier address", field="token")
            asking = await self._asking(connection, asked)
        await self._audiences.changed(asked.user_id)
        return asking

    def message(self, asked: Asked, language: str, now: datetime) -> Message:
        words = MAIL_WORDS[language]
        code = self.codes(asked)[0]
        link = f"{self._url}{PATH}?token={asked.id}.{self._marks(asked)[0]}" if self._url else ""
        return Message(
            delivery_ids=(),
            user_id=asked.user_id,
            address=asked.address,
            event_type=CONFIRMATION,
            language=language,
            title=words.confirm_title,
            facts=((words.confirm_code, code),),
            advice=words.confirm_advice,
            text=f"{words.confirm_code}: {code}",
            data={"link": link},
            happened_at=now,
        )

    def codes(self, asked: Asked) -> list[str]:
        """Under each key, the newest first."""
        found = self._vault.fingerprints(f"e-mail code\n{asked.id}\n{asked.address}")
        return [f"{int(one, 16) % 1_000_000:06}" for one in found]

    def _marks(self, asked: Asked) -> list[str]:
        found = self._vault.fingerprints(f"e-mail link\n{asked.id}\n{asked.address}")
        return [one[:MARK_CHARACTERS] for one in found]

    async def _try(self, connection: Connection, asked: Asked, code: str) -> bool:
        if asked.wrong_codes >= WRONG_CODES_MAX:
            return False
        if _is_one_of(code, self.codes(asked)):
            return True
        await letters.count_wrong(connection, asked.id)
        return False

    async def _asked(self, connection: Connection, token: str) -> Asked:
        number, _, mark = token.partition(".")
        if number.isascii() and number.isdecimal() and len(number) < DIGITS:
            asked = await letters.by_id(connection, int(number))
            if asked is not None and _is_one_of(mark, self._marks(asked)):
                return asked
        raise LinkInvalid("this link is over or not complete", field="token")

    async def _asking(self, connection: Connection, asked: Asked) -> Asking:
        audience = await repository.audience(connection, asked.user_id)
        return Asking(asked.address, audience.settings.language if audience else "en")


async def _check_pace(connection: Connection, user_id: int, address: str) -> None:
    ages = await letters.asked_since(connection, user_id, address, HOUR)
    waits = [PAUSE.total_seconds() - ages[-1]] if ages else [0.0]
    if len(ages) >= LETTERS_PER_HOUR:
        waits.append(HOUR.total_seconds() - ages[-LETTERS_PER_HOUR])
    wait = ceil(max(waits))
    if wait > 0:
        raise TooManyLetters(f"a letter was sent already; another in {wait} s", wait)


def _is_one_of(given: str, known: list[str]) -> bool:
    return any(hmac.compare_digest(given.encode(), one.encode()) for one in known)
