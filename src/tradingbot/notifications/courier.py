"""Deliveries to one channel: sent, tried again later, or given up with the reason."""

import asyncio
from datetime import timedelta

from pydantic import ValidationError

from tradingbot.kit import ids
from tradingbot.kit.database import Database, cause
from tradingbot.kit.log import bound, logger
from tradingbot.kit.outage import Outage, is_away
from tradingbot.kit.queue import Item, Unprocessable
from tradingbot.kit.scrub import scrub_text
from tradingbot.notifications import repository
from tradingbot.notifications.errors import CannotDeliver
from tradingbot.notifications.messages import text
from tradingbot.notifications.ports import Channel, Message
from tradingbot.notifications.repository import Claimed
from tradingbot.notifications.schemas import QueuedDelivery

log = logger(__name__)

SWEEP_SECONDS = 1.0
SEND_SECONDS_MAX = 20.0
# Longer than a send may take, and noting what became of it.
HOLD = timedelta(seconds=60)
# 2 s, 4 s … 10 minutes: all in all about two hours.
ATTEMPTS_MAX = 20
PAUSE_SECONDS = 2.0
PAUSE_SECONDS_MAX = 600.0
ERROR_CHARACTERS_MAX = 300


class Courier:
    """The row is the duplicate check: whoever claims it sends, and nobody else does."""

    def __init__(
        self, database: Database, channel: Channel, *, sweep_seconds: float = SWEEP_SECONDS
    ) -> None:
        self._database = database
        self._channel = channel
        self._sweep_seconds = sweep_seconds
        self._outage = Outage(f"{channel.name} courier")

    async def handle(self, item: Item) -> None:
        """An item of the channel's queue: there is something to deliver."""
        try:
            delivery_id = QueuedDelivery.model_validate(item).delivery_id
        except ValidationError:
            raise Unprocessable("delivery_id: a delivery's number is needed") from None
        await self._deliver_one(delivery_id)

    async def run(self, stopped: asyncio.Event) -> None:
        """Sweep up what is due and nobody rang for, until stopped."""
        while not stopped.is_set():
            pause = self._sweep_seconds
            try:
                while not stopped.is_set() and await self._deliver_one():
                    pass
            except Exception as error:  # noqa: BLE001  # whatever is away, the rows wait for it
                pause = self._outage.failed(error)
            else:
                self._outage.over()
            await _pause(stopped, pause)

    async def _deliver_one(self, delivery_id: int | None = None) -> bool:
        """Whether there was one."""
        async with self._database.begin() as connection:
            claimed = await repository.claim(connection, self._channel.name, HOLD, delivery_id)
        if claimed is None:
            return False
        with bound(user_id=claimed.user_id, delivery_id=claimed.delivery_id):
            await self._send(claimed)
        return True

    async def _send(self, claimed: Claimed) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                await self._channel.send(_message(claimed))
        except CannotDeliver as why:
            await self._give_up(claimed, str(why))
        except Exception as error:  # noqa: BLE001  # a channel fails in its library's own ways
            await self._try_later(claimed, f"{type(error).__name__}: {cause(error)}")
        else:
            await self._note_sent(claimed.delivery_id)

    async def _note_sent(self, delivery_id: int) -> None:
        # It has arrived: what is not noted is sent again, so this is worth waiting for.
        async with asyncio.timeout(HOLD.total_seconds() / 2):
            while True:
                try:
                    async with self._database.begin() as connection:
                        await repository.mark_sent(connection, delivery_id)
                except Exception as error:
                    if not is_away(error):
                        raise
                    await asyncio.sleep(self._outage.failed(error))
                else:
                    return

    async def _try_later(self, claimed: Claimed, error: str) -> None:
        if claimed.attempts >= ATTEMPTS_MAX:
            await self._give_up(claimed, f"given up after {claimed.attempts} tries: {error}")
            return
        log.warning(
            "delivery_failed", channel=self._channel.name, attempts=claimed.attempts, why=error
        )
        async with self._database.begin() as connection:
            await repository.put_off(
                connection, claimed.delivery_id, _shown(error), pause_seconds(claimed.attempts)
            )

    async def _give_up(self, claimed: Claimed, reason: str) -> None:
        log.warning("delivery_dead", channel=self._channel.name, why=reason)
        async with self._database.begin() as connection:
            await repository.mark_dead(connection, claimed.delivery_id, _shown(reason))


def pause_seconds(attempts: int) -> float:
    """Doubled with each attempt, up to ten minutes; half of it by chance, to spread the crowd."""
    pause = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2.0 ** (attempts - 1))
    return pause / 2 + ids.jitter(pause / 2)


def _message(claimed: Claimed) -> Message:
    return Message(
        delivery_id=claimed.delivery_id,
        user_id=claimed.user_id,
        event_type=claimed.event_type,
        language=claimed.language,
        text=text(claimed.event_type, claimed.data, claimed.language),
        data=claimed.data,
        happened_at=claimed.created_at,
    )


def _shown(error: str) -> str:
    return scrub_text(error)[:ERROR_CHARACTERS_MAX]


async def _pause(stopped: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return
