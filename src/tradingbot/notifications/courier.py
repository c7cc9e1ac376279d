"""Deliveries to one channel: sent, tried again later, or given up with the reason."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from pydantic import ValidationError

from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.kit import ids
from tradingbot.kit.database import Database, cause
from tradingbot.kit.log import bound, logger
from tradingbot.kit.outage import Outage, is_away
from tradingbot.kit.queue import Item, Unprocessable
from tradingbot.kit.scrub import scrub_text
from tradingbot.notifications import courier_repository as repository
from tradingbot.notifications.channels import ADDRESS
from tradingbot.notifications.errors import CannotDeliver, Later
from tradingbot.notifications.ports import Channel, Message, Receipt
from tradingbot.notifications.schemas import QueuedDelivery
from tradingbot.notifications.sheaf import Sheaf, plan

log = logger(__name__)

SWEEP_SECONDS = 1.0
SEND_SECONDS_MAX = 20.0
# Longer than a send may take, and noting what became of it.
HOLD = timedelta(seconds=40)
# 2 s, 4 s … a minute: what is back is noticed soon.
PAUSE_SECONDS = 2.0
PAUSE_SECONDS_MAX = 60.0
DOUBLINGS_MAX = 10
# Given up when it has been tried so often, and is so old that nobody waits for it.
ATTEMPTS_MAX = 20
STALE = timedelta(days=1)
# A channel that always says later is not believed for ever.
LATER_SECONDS_MAX = 3600.0
SHOWN_CHARACTERS_MAX = 300
# So many people are told at once: one whose server is slow keeps nobody waiting.
HANDS = 8


class Courier:
    """The row is the duplicate check: whoever claims it sends, and nobody else does."""

    def __init__(
        self,
        database: Database,
        channel: Channel,
        *,
        sweep_seconds: float = SWEEP_SECONDS,
        hands: int = HANDS,
    ) -> None:
        self._database = database
        self._channel = channel
        self._sweep_seconds = sweep_seconds
        self._hands = asyncio.Semaphore(hands)
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
        async with asyncio.TaskGroup() as group:
            while not stopped.is_set():
                pause = self._sweep_seconds
                try:
                    while not stopped.is_set() and await self._hand_out(group):
                        pass
                except Exception as error:  # noqa: BLE001  # whatever is away, the rows wait for it
                    pause = self._outage.failed(error)
                else:
                    self._outage.over()
                await _pause(stopped, pause)

    async def _hand_out(self, group: asyncio.TaskGroup) -> bool:
        """Whether there was anything."""
        await self._hands.acquire()
        sheaf = None
        try:
            sheaf = await self._claim()
        finally:
            if sheaf is None:
                self._hands.release()
        if sheaf is not None:
            group.create_task(self._with_a_hand(sheaf))
        return sheaf is not None

    async def _with_a_hand(self, sheaf: Sheaf) -> None:
        try:
            await self._deliver(sheaf)
        except Exception as error:  # noqa: BLE001  # the rows are due again when the hold is over
            self._outage.failed(error)
        finally:
            self._hands.release()

    async def _deliver_one(self, delivery_id: int | None = None) -> bool:
        """Whether there was one."""
        sheaf = await self._claim(delivery_id)
        if sheaf is None:
            return False
        await self._deliver(sheaf)
        return True

    async def _claim(self, delivery_id: int | None = None) -> Sheaf | None:
        async with self._database.begin() as connection:
            return await repository.claim(connection, self._channel.name, HOLD, delivery_id)

    async def _deliver(self, sheaf: Sheaf) -> None:
        with bound(user_id=sheaf.user_id, delivery_id=sheaf.held[0].delivery_id):
            if not ADDRESS[sheaf.channel](sheaf.settings):
                every = [held.delivery_id for held in sheaf.held]
                await self._give_up(every, f"{sheaf.channel} is switched off or has no address")
                return
            planned = plan(sheaf)
            if planned.until is not None:
                async with self._database.begin() as connection:
                    await repository.give_back(
                        connection, planned.waiting, planned.why, planned.until
                    )
            await self._tell(sheaf, planned.messages)

    async def _tell(self, sheaf: Sheaf, messages: Sequence[Message]) -> None:
        for number, message in enumerate(messages):
            rest = [id_ for later in messages[number:] for id_ in later.delivery_ids]
            if number:
                async with self._database.begin() as connection:
                    await repository.hold_on(connection, rest, HOLD)
            if not await self._send(sheaf, message, rest[len(message.delivery_ids) :]):
                return

    async def _send(self, sheaf: Sheaf, message: Message, rest: Sequence[int]) -> bool:
        """Whether `rest` may follow; if not, it was put off too."""
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX):
                receipt = await self._channel.send(message)
        except CannotDeliver as why:
            if why.gone:
                await self._switch_off(sheaf, str(why))
                return False
            await self._give_up(message.delivery_ids, str(why))
        except Later as why:
            pause = min(LATER_SECONDS_MAX, max(0.0, why.seconds))
            await self._wait(sheaf, [*message.delivery_ids, *rest], str(why), pause)
            return False
        except Exception as error:  # noqa: BLE001  # a channel fails in its library's own ways
            await self._try_later(sheaf, message, rest, f"{type(error).__name__}: {cause(error)}")
            return False
        else:
            await self._note_sent(message.delivery_ids, receipt)
        return True

    async def _note_sent(self, delivery_ids: Sequence[int], receipt: Receipt) -> None:
        # It has arrived: what is not noted is sent again, so this is worth waiting for.
        shown = Receipt(_shown(receipt.reference), _shown(receipt.words))
        async with asyncio.timeout(HOLD.total_seconds() / 2):
            while True:
                try:
                    async with self._database.asking() as driver:
                        await repository.mark_sent(driver, delivery_ids, shown)
                except Exception as error:
                    if not is_away(error):
                        raise
                    await asyncio.sleep(self._outage.failed(error))
                else:
                    return

    async def _try_later(
        self, sheaf: Sheaf, message: Message, rest: Sequence[int], error: str
    ) -> None:
        tried = {held.delivery_id: held.attempts for held in sheaf.held}
        late = [id_ for id_ in _stale(sheaf, message.delivery_ids) if tried[id_] >= ATTEMPTS_MAX]
        again = [id_ for id_ in message.delivery_ids if id_ not in late]
        if late:
            await self._give_up(late, f"given up after a day: {error}")
        # The longest tried says how long it has been going on.
        attempts = max((tried[id_] for id_ in again), default=1)
        pause = timedelta(seconds=pause_seconds(attempts))
        log.warning("delivery_failed", channel=sheaf.channel, attempts=attempts, why=error)
        async with self._database.begin() as connection:
            await repository.put_off(connection, again, _shown(error), pause)
            await repository.give_back(connection, rest, None, pause)

    async def _wait(
        self, sheaf: Sheaf, delivery_ids: Sequence[int], why: str, seconds: float
    ) -> None:
        log.info("delivery_put_off", channel=sheaf.channel, seconds=seconds, why=why)
        late = _stale(sheaf, delivery_ids)
        if late:
            await self._give_up(late, f"given up after a day: {why}")
        async with self._database.begin() as connection:
            again = [id_ for id_ in delivery_ids if id_ not in late]
            pause = timedelta(seconds=seconds)
            await repository.give_back(connection, again, _shown(why), pause)

    async def _give_up(self, delivery_ids: Sequence[int], reason: str) -> None:
        log.warning("delivery_dead", channel=self._channel.name, why=reason)
        async with self._database.begin() as connection:
            await repository.mark_dead(connection, delivery_ids, _shown(reason))

    async def _switch_off(self, sheaf: Sheaf, reason: str) -> None:
        log.warning("channel_switched_off", channel=sheaf.channel, why=reason)
        why = f"{sheaf.channel} was switched off: {_shown(reason)}"
        async with self._database.begin() as connection:
            note = _shown(reason)
            if await repository.switch_off(connection, sheaf.user_id, sheaf.channel, note):
                await events.record(
                    connection,
                    user_id=sheaf.user_id,
                    type=EventType.ACCOUNT_WARNING,
                    message=why,
                    data={"channel": sheaf.channel, "reason": why},
                )


def pause_seconds(attempts: int) -> float:
    """Doubled with each attempt, up to a minute; half of it by chance, to spread the crowd."""
    pause = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2.0 ** min(attempts - 1, DOUBLINGS_MAX))
    return pause / 2 + ids.jitter(pause / 2)


def _stale(sheaf: Sheaf, delivery_ids: Sequence[int]) -> list[int]:
    old = {held.delivery_id for held in sheaf.held if sheaf.now - held.created_at > STALE}
    return [id_ for id_ in delivery_ids if id_ in old]


def _shown(words: str) -> str:
    return scrub_text(words)[:SHOWN_CHARACTERS_MAX]


async def _pause(stopped: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return
