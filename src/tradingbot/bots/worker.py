"""A process full of bots: claims them, hears what concerns them, wakes each when it must."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tradingbot.bots import runner_repository as repository
from tradingbot.bots.inbox import WAKE
from tradingbot.bots.runner import LeaseLost, Outcome, Runner
from tradingbot.bots.triggers import Crossing, TriggerIndex
from tradingbot.bots.walk import load_watches
from tradingbot.exchanges.ports import Exchanges, Mode
from tradingbot.kit.crew import Crew, every
from tradingbot.kit.database import Database, DatabaseUnreachable
from tradingbot.kit.errors import Fact
from tradingbot.kit.log import logger
from tradingbot.kit.queue import Doorbell, Item, Unprocessable
from tradingbot.orders.executor import Executor, attempt
from tradingbot.trading.intent import WatchPrice

CLAIM_SECONDS = 1.0
CLAIMS_MAX = 1000
SWEEP_SECONDS = 2.0
RETRY_SECONDS = 1.0
ACTIONS = ("start", "stop", "update")

log = logger(__name__)


class Place(NamedTuple):
    """Where bots trade: those of one market share a feed and an index."""

    exchange: str
    mode: Mode
    symbol: str


@dataclass(slots=True)
class Feed:
    index: TriggerIndex = field(default_factory=TriggerIndex)
    price: Decimal | None = None


@dataclass(slots=True)
class Held:
    """A bot of ours. `advancing` and `again`: one step at a time, and none forgotten."""

    lease_token: int
    place: Place
    advancing: bool = False
    again: list[Crossing] | None = None
    missed: list[Crossing] = field(default_factory=list)  # told, but the step could not be taken


class Worker:
    def __init__(
        self,
        worker_id: str,
        strategies: Sequence[str],
        database: Database,
        exchanges: Exchanges,
        runner: Runner,
        executor: Executor,
        doorbell: Doorbell,
        stepping: Crew,
        sending: Crew,
    ) -> None:
        self._worker_id = worker_id
        self._strategies = strategies
        self._database = database
        self._exchanges = exchanges
        self._runner = runner
        self._executor = executor
        self._doorbell = doorbell
        self._stepping = stepping
        self._sending = sending
        self._held: dict[int, Held] = {}
        self._feeds: dict[Place, Feed] = {}
        self._following: list[asyncio.Task[None]] = []
        self._claim_now = asyncio.Event()
        self._unsure = False  # a claim may have been kept without our hearing of it
        self._stopped = asyncio.Event()

    async def run(self, stopped: asyncio.Event) -> None:
        """Hold and wake bots until told to stop; then let them go, for others to take."""
        self._stopped = stopped
        async with asyncio.TaskGroup() as group:
            self._following.append(group.create_task(self._listen()))
            group.create_task(self._sweep_forever())
            await self._claim_forever(group)
            for task in self._following:
                task.cancel()
        with suppress(DatabaseUnreachable):  # then the lease ends by itself
            async with self._database.asking() as driver:
                await repository.release(driver, self._worker_id)

    async def handle(self, item: Item) -> None:
        """An item of `bot_commands:…`, pushed by the API or by anyone."""
        bot_id, action = item.get("bot_id"), item.get("action")
        if not isinstance(bot_id, int) or action not in ACTIONS:
            raise Unprocessable(
                f'expected {{"bot_id": <number>, "action": one of {", ".join(ACTIONS)}}}'
            )
        async with self._database.driving() as driver:
            if await repository.strategy_of(driver, bot_id) is None:
                raise Unprocessable(f"there is no bot {bot_id}")
            await repository.ask(driver, bot_id, str(action))
        self._claim_now.set()
        await self._doorbell.ring(WAKE, str(bot_id))

    def wake(self, bot_id: int, crossings: Sequence[Crossing] = ()) -> None:
        """Have the bot decide on all that waits for it; soon, and never twice at once."""
        held = self._held.get(bot_id)
        if held is None:
            return
        if held.advancing:
            held.again = [*(held.again or ()), *crossings]
            return
        held.advancing = True
        told, held.missed = [*held.missed, *crossings], []
        self._stepping.spawn(self._advance(bot_id, held, told))

    async def _advance(self, bot_id: int, held: Held, crossings: Sequence[Crossing]) -> None:
        try:
            outcome = await self._step(bot_id, held, crossings)
        except LeaseLost:
            log.info("lease_lost", bot_id=bot_id)
            self._unsure = True  # perhaps to ourselves
            if self._held.get(bot_id) is held:  # not claimed anew by ourselves meanwhile
                self._drop(bot_id)
        except Fact as error:
            # Whatever waited still waits, in the database; the sweep wakes the bot again.
            log.warning("bot_not_advanced", bot_id=bot_id, error=str(error)[:200])
            held.missed = [*crossings, *held.missed]
        else:
            self._act_on(bot_id, held, outcome)
        finally:
            held.advancing = False
            again, held.again = held.again, None
            if again is not None:
                self.wake(bot_id, again)

    async def _step(self, bot_id: int, held: Held, crossings: Sequence[Crossing]) -> Outcome:
        data = self._exchanges.market_data(held.place.exchange, held.place.mode)
        market = await data.market(held.place.symbol)
        price = self._feeds[held.place].price
        if price is None:
            price = await data.price(held.place.symbol)
        return await self._runner.advance(bot_id, held.lease_token, market, price, crossings)

    def _act_on(self, bot_id: int, held: Held, outcome: Outcome) -> None:
        for order in [*outcome.to_place, *outcome.to_cancel]:
            self._sending.spawn(attempt(self._executor, order))
        if outcome.resting:
            self._drop(bot_id)
        elif outcome.watches is not None:
            self._arm(bot_id, held, outcome.watches)
        if outcome.more:
            held.again = held.again or []

    def _arm(self, bot_id: int, held: Held, watches: Mapping[str, WatchPrice]) -> None:
        index = self._feeds[held.place].index
        index.forget(bot_id)
        for watch in watches.values():
            index.watch(bot_id, watch.trigger, watch.price, watch.direction)

    def _drop(self, bot_id: int) -> None:
        held = self._held.pop(bot_id, None)
        if held is not None:
            self._feeds[held.place].index.forget(bot_id)

    async def _listen(self) -> None:
        async for rung in self._doorbell.listen(WAKE):
            if rung is None:
                await self._sweep()
            elif rung.isdecimal():
                self.wake(int(rung))

    async def _sweep_forever(self) -> None:
        while await every(SWEEP_SECONDS, self._stopped):
            await self._sweep()

    async def _sweep(self) -> None:
        with suppress(DatabaseUnreachable):
            async with self._database.asking() as driver:
                waiting = await repository.with_work(driver, self._worker_id)
            missed = [bot_id for bot_id, held in self._held.items() if held.missed]
            for bot_id in {*waiting, *missed}:
                self.wake(bot_id)

    async def _claim_forever(self, group: asyncio.TaskGroup) -> None:
        while not self._stopped.is_set():
            self._claim_now.clear()
            claimed = 0
            try:
                claimed = await self._claim(group)
            except DatabaseUnreachable:
                self._unsure = True
            if claimed < CLAIMS_MAX:
                await self._until_asked()

    async def _until_asked(self) -> None:
        waits = [asyncio.ensure_future(e.wait()) for e in (self._claim_now, self._stopped)]
        await asyncio.wait(waits, timeout=CLAIM_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    async def _claim(self, group: asyncio.TaskGroup) -> int:
        unsure, self._unsure = self._unsure, False
        async with self._database.driving() as driver:
            if unsure:
                await repository.release_unheld(driver, self._worker_id, self._held)
            claimed = await repository.claim(driver, self._worker_id, self._strategies, CLAIMS_MAX)
            waiting = await repository.with_work(driver, self._worker_id) if claimed else []
        for bot in claimed:
            place = Place(bot.exchange, bot.mode, bot.symbol)
            held = self._held[bot.id] = Held(bot.lease_token, place)
            if place not in self._feeds:
                self._feeds[place] = Feed()
                self._following.append(group.create_task(self._follow(place)))
            self._arm(bot.id, held, load_watches(bot.watches))
        for bot_id in waiting:
            self.wake(bot_id)
        if claimed:
            log.info("bots_claimed", count=len(claimed), held=len(self._held))
        return len(claimed)

    async def _follow(self, place: Place) -> None:
        """Every trade's price, to whom it concerns."""
        feed = self._feeds[place]
        data = self._exchanges.market_data(place.exchange, place.mode)
        while not self._stopped.is_set():
            try:
                async with data.prices(place.symbol) as prices:
                    async for tick in prices:
                        feed.price = tick.price
                        for crossing in feed.index.crossed(tick.price):
                            self.wake(crossing.bot_id, [crossing])
            except Fact as error:
                log.warning("feed_lost", symbol=place.symbol, message=error.message)
            feed.price = None
            await every(RETRY_SECONDS, self._stopped)
