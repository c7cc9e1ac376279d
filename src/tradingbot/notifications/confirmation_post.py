"""Letters that ask whose an address is, on their way."""

import asyncio
from datetime import timedelta

from tradingbot.kit.clock import Clock
from tradingbot.kit.crew import every
from tradingbot.kit.database import Database
from tradingbot.kit.log import bound, logger
from tradingbot.kit.outage import Outage
from tradingbot.kit.scrub import scrub_text
from tradingbot.notifications import confirmation_repository as letters
from tradingbot.notifications import repository
from tradingbot.notifications.confirmation import Confirmations
from tradingbot.notifications.confirmation_repository import Asked
from tradingbot.notifications.courier import SEND_SECONDS_MAX, pause_seconds
from tradingbot.notifications.errors import CannotDeliver, Later
from tradingbot.notifications.ports import Channel
from tradingbot.notifications.quiet import zone_of
from tradingbot.notifications.schemas import SettingsView

log = logger(__name__)

SWEEP_SECONDS = 1.0
HOLD = timedelta(seconds=60)
SHOWN_CHARACTERS_MAX = 300


class ConfirmationPost:
    def __init__(
        self, database: Database, confirmations: Confirmations, channel: Channel, clock: Clock
    ) -> None:
        self._database = database
        self._confirmations = confirmations
        self._channel = channel
        self._clock = clock
        self._outage = Outage("post of confirmations")

    async def run(self, stopped: asyncio.Event) -> None:
        while await every(SWEEP_SECONDS, stopped):
            try:
                while not stopped.is_set() and await self.send_one():
                    pass
            except Exception as error:  # noqa: BLE001  # whatever is away, the rows wait for it
                self._outage.failed(error)
            else:
                self._outage.over()

    async def send_one(self) -> bool:
        """Whether one was due."""
        async with self._database.begin() as connection:
            asked = await letters.claim(connection, HOLD)
            if asked is None:
                return False
            audience = await repository.audience(connection, asked.user_id)
        with bound(user_id=asked.user_id):
            await self._send(asked, audience.settings if audience else SettingsView())
        return True

    async def _send(self, asked: Asked, settings: SettingsView) -> None:
        there = self._clock.now().astimezone(zone_of(settings))
        message = self._confirmations.message(asked, settings.language, there)
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await self._channel.send(message)
        except CannotDeliver as why:
            await self._give_up(asked, _shown(str(why)))
        except Later as why:
            await self._put_off(asked, why.seconds, str(why))
        except Exception as error:  # noqa: BLE001  # a channel fails in its library's own ways
            await self._put_off(asked, pause_seconds(asked.attempts), type(error).__name__)
        else:
            async with self._database.begin() as connection:
                await letters.mark_sent(connection, asked.id)

    async def _put_off(self, asked: Asked, seconds: float, why: str) -> None:
        log.warning("confirmation_put_off", seconds=seconds, why=_shown(why))
        async with self._database.begin() as connection:
            await letters.put_off(connection, asked.id, timedelta(seconds=seconds))

    async def _give_up(self, asked: Asked, why: str) -> None:
        log.warning("confirmation_dead", why=why)
        async with self._database.begin() as connection:
            await letters.give_up(connection, asked.id, why)
            settings = await repository.settings_of(connection, asked.user_id, lock=True)
            notes = settings.notes | {"email": why}
            await repository.save_settings(
                connection, asked.user_id, settings.model_copy(update={"notes": notes})
            )


def _shown(words: str) -> str:
    return scrub_text(words)[:SHOWN_CHARACTERS_MAX]
