"""Use cases that need more than the database: try a channel, make a secret, send again."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from tradingbot.kit import ids
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.queue import Queue, Unprocessable, parse
from tradingbot.kit.vault import Vault
from tradingbot.notifications import repository, service
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.channels import QUEUE, missing
from tradingbot.notifications.confirmation import Confirmations
from tradingbot.notifications.errors import (
    ChannelNotOffered,
    ChannelNotSetUp,
    NothingToResend,
    NotificationNotFound,
    TooManyLetters,
)
from tradingbot.notifications.router import ring
from tradingbot.notifications.schemas import (
    ChannelTestView,
    DeadLetterView,
    NotificationSettings,
    SettingsAnswer,
    SettingsView,
)
from tradingbot.notifications.web_addresses import OURS

ANSWER_SECONDS_MAX = 15.0
LOOK_SECONDS = 0.1
# The newest of everybody's; who pushes more nonsense than that sees the newest of it.
LETTERS_MAX = 1000


class Gate(Protocol):
    async def check(self, url: str) -> None:
        """Raise AddressRefused when it leads, or might lead, into a private network."""
        ...


class NotificationDesk:
    """`offered`: the channels the operator has set up."""

    def __init__(
        self,
        database: Database,
        queue: Queue,
        vault: Vault,
        gate: Gate,
        audiences: Audiences,
        offered: Collection[str],
        confirmations: Confirmations,
        answer_seconds: float = ANSWER_SECONDS_MAX,
    ) -> None:
        self._database = database
        self._queue = queue
        self._vault = vault
        self._gate = gate
        self._audiences = audiences
        self._offered = frozenset(offered)
        self._confirmations = confirmations
        self._answer_seconds = answer_seconds

    async def put_settings(self, user_id: int, body: NotificationSettings) -> SettingsAnswer:
        """What `body` names changed. Raise SettingsInvalid, AddressRefused, naming the field."""
        if body.webhook_url is not None:
            await self._gate.check(body.webhook_url)
        async with self._database.begin() as connection:
            after = await service.put_settings(connection, user_id, body)
            signed = urlsplit(after.webhook_url or "").scheme in OURS
            known = await repository.sealed_secret(connection, user_id)
            secret = await self._fresh(connection, user_id) if signed and known is None else None
        await self._audiences.changed(user_id)
        if {"email_enabled", "email_address"} & body.model_fields_set:
            await self._ask_whose(user_id, after)
        return SettingsAnswer.model_construct(**dict(after), webhook_secret=secret)

    async def _ask_whose(self, user_id: int, settings: SettingsView) -> None:
        """A letter to an address that is to be used and not proven, as far as the pace allows."""
        if settings.email_enabled and settings.email_verified_at is None:
            with suppress(TooManyLetters, ChannelNotOffered):
                await self._confirmations.ask(user_id)

    async def new_secret(self, user_id: int) -> str:
        """From now on this one signs what is sent to the user's web address."""
        async with self._database.begin() as connection:
            await repository.settings_of(connection, user_id, lock=True)
            return await self._fresh(connection, user_id)

    async def secret_of(self, user_id: int) -> str:
        """Empty when there is none. Raises CannotOpen."""
        async with self._database.reading() as connection:
            sealed = await repository.sealed_secret(connection, user_id)
        return "" if sealed is None else self._vault.open(sealed)

    async def test(self, user_id: int, channel: str) -> ChannelTestView:
        """Send something harmless the way everything goes, and say what the channel answered.

        Raise ChannelNotOffered, ChannelNotSetUp with the field that is missing.
        """
        if channel not in self._offered:
            raise ChannelNotOffered(f"{channel} is not set up by the operator", field="channel")
        async with self._database.begin() as connection:
            settings = await repository.settings_of(connection, user_id)
            field = missing(channel, settings)
            if field is not None:
                raise ChannelNotSetUp(f"{field} is needed first", field=field)
            source = f"test:{ids.new_uid()}"
            delivery_id = await repository.add_test(connection, user_id, source, channel)
        await ring(self._queue, {channel: delivery_id})
        return await self._outcome(channel, delivery_id)

    async def resend(self, user_id: int, notification_id: int) -> int:
        """How many channels try again. Raise NotificationNotFound, NothingToResend."""
        async with self._database.begin() as connection:
            if not await repository.exists(connection, user_id, notification_id):
                raise NotificationNotFound(f"there is no notification {notification_id}")
            revived = await repository.revive(connection, user_id, notification_id)
        if not revived:
            raise NothingToResend("no channel has given it up")
        await ring(self._queue, revived)
        return len(revived)

    async def dead_letters(self, user_id: int) -> Sequence[DeadLetterView]:
        """What was pushed for this user and made no sense. Raise QueueUnreachable."""
        found = []
        for letter in await self._queue.dead_letters(QUEUE, LETTERS_MAX):
            try:
                item = parse(letter.item.encode())
            except Unprocessable:  # nobody can tell whose it is
                continue
            if type(item.get("user_id")) is int and item["user_id"] == user_id:
                found.append(
                    DeadLetterView(
                        item=item, reason=letter.reason, at=datetime.fromisoformat(letter.at)
                    )
                )
        return found

    async def _fresh(self, connection: Connection, user_id: int) -> str:
        secret = ids.new_token()
        await repository.save_sealed_secret(connection, user_id, self._vault.seal(secret))
        return secret

    async def _outcome(self, channel: str, delivery_id: int) -> ChannelTestView:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._answer_seconds
        while True:
            async with self._database.reading() as connection:
                row = await repository.delivery(connection, delivery_id)
            # The first answer is what was asked for, also when it will be tried again.
            if row.status != "pending" or row.error is not None or loop.time() >= until:
                return ChannelTestView(
                    notification_id=row.notification_id,
                    channel=channel,
                    status=row.status,
                    reference=row.reference or "",
                    words=row.words or row.error or "",
                )
            await asyncio.sleep(LOOK_SECONDS)
