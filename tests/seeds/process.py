"""A simulated process: the system's own parts, which may stop dead or stand still."""

import asyncio
import contextvars
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asyncpg.exceptions import ConnectionDoesNotExistError

from tests.seeds.database import SeededDatabase
from tests.seeds.exchange import SeededClock
from tests.seeds.loop import OWNER, Owner, seeded, turn
from tests.seeds.weather import CALM
from tests.seeds.wire import Wire
from tradingbot.bots.inbox import Inbox
from tradingbot.bots.runner import Runner
from tradingbot.bots.worker import Worker
from tradingbot.exchanges.ports import Balance, Session
from tradingbot.kit.crew import Crew
from tradingbot.kit.errors import Fact
from tradingbot.kit.lease import goodbye, keep_alive
from tradingbot.kit.outbox import Relay
from tradingbot.kit.queue import QueueUnreachable
from tradingbot.ledger.auditor import Auditor
from tradingbot.orders.applier import MONITORING_QUEUE, Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.monitor import Monitor
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.service import OrderDesk
from tradingbot.orders.sessions import Sessions

if TYPE_CHECKING:
    from tests.seeds.world import World

SLOW_SECONDS = 0.2
# How often others go first at a moment in which nothing is waited for.
TURNS = 0.4


class Bell:
    """A doorbell all processes share. It may fail to ring, and then nobody knows."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._ears: list[asyncio.Queue[str | None]] = []

    async def ring(self, channel: str, body: str) -> None:
        if self._world.chance.random() >= self._world.weather.bell_lost:
            for ear in self._ears:
                ear.put_nowait(body)

    async def listen(self, channel: str) -> AsyncGenerator[str | None]:
        ear: asyncio.Queue[str | None] = asyncio.Queue()
        ear.put_nowait(None)
        self._ears.append(ear)
        while True:
            yield await ear.get()

    async def close(self) -> None:
        """Nothing is open."""


class Post:
    """The queues, as far as anybody here reads them: what is to be monitored is, some time."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.pushed: Counter[str] = Counter()

    def take(self, items: Sequence[tuple[str, str]]) -> None:
        """All of them; or none, and then QueueUnreachable is raised, now and then untruly."""
        draw, lost = self._world.chance.random, self._world.weather.bell_lost
        if draw() < lost:
            raise QueueUnreachable("nobody listens")
        for queue, body in items:
            self.pushed[json.loads(body)["id"]] += 1
            if queue == MONITORING_QUEUE:
                self._world.venue.after(draw(), self._deliver, json.loads(body))
        if draw() < lost:
            raise QueueUnreachable("the answer was lost")

    def owed(self, messages: Sequence[str]) -> int:
        """How many of them nobody ever pushed."""
        return sum(json.loads(body)["id"] not in self.pushed for body in messages)

    def _deliver(self, item: dict[str, Any]) -> None:
        ready = [p for p in self._world.alive() if p.parts is not None and p.parts.monitor]
        if ready:
            process = self._world.chance.choice(ready)
            process.spawn(self._handle(process, item))

    async def _handle(self, process: "Process", item: dict[str, Any]) -> None:
        with suppress(Fact):  # then it comes again, and a sweep besides
            assert process.parts is not None
            assert process.parts.monitor is not None
            await process.parts.monitor.handle(item)


class Unaudited(Auditor):
    """Nothing comes from outside here, and the seeds' invariants compare books and balances.

    How the real one compares them is held by tests/ledger, with a real server.
    """

    def __init__(self) -> None:  # no super: it looks at nothing
        ...

    def doubt(self, account_id: int) -> None:
        """There is nothing to ask."""

    def distrust(self) -> None:
        """There is nothing that was believed."""

    def hear(self, account_id: int, balances: Mapping[str, Balance]) -> None:
        """There is nothing to compare with."""

    async def compare(self, account_id: int, session: Session) -> None:
        """There is nothing to take in."""


@dataclass
class Parts:
    """What runs in a process, for those who ask something of it."""

    desk: OrderDesk
    worker: Worker | None = None
    monitor: Monitor | None = None


class Process(Owner):
    """`worker` and `monitor`: which of the system's processes it plays; always also an API."""

    def __init__(self, world: "World", name: str, *, worker: bool, monitor: bool) -> None:
        super().__init__()
        self.world = world
        self.name = name
        self.is_worker = worker
        self.is_monitor = monitor
        self.dead = False
        self.doom: int | None = None  # so many moments on it dies, or stands still
        self.stands_still_for: float | None = None
        self.on_death: Callable[[], None] = _nothing
        self.stopped = asyncio.Event()
        ahead_ms = world.chance.choice((0, 0, 0, 1_500, -2_000))
        self.clock = SeededClock(world.loop, ahead_ms)
        self.database = SeededDatabase(world.store, self.at_database, name)
        self.wire = Wire(world.venue, ahead_ms, self.at, self._posting)
        self.relay = Relay(self.database, self._push)
        self.parts: Parts | None = None
        self.main: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.main = self.spawn(self._run())

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        context = contextvars.copy_context()
        context.run(OWNER.set, self)
        task = self.world.loop.create_task(work, context=context)
        task.add_done_callback(self.world.ended, context=self.world.venue.nobody)
        return task

    # --- its end, and its pauses

    def kill(self) -> None:
        """As by `kill -9`: no line of it runs again; what is on the wire goes on."""
        self._cut_off()
        self.world.note(self.name, "killed")
        self.on_death()

    def _cut_off(self) -> None:
        """What it held open closes, and what it still had in hand it never ends."""
        self.dead = self.halted = True
        self.database.cut()
        self.wire.cut()

    def stand_still(self, seconds: float) -> None:
        """As by SIGSTOP, and SIGCONT later. Its connections stay open, with all they hold."""
        self.halted = True
        self.world.note(self.name, f"stands still for {seconds:.1f} s")
        self.world.venue.after(seconds, self.go_on)

    def go_on(self) -> None:
        if not self.dead and self.halted:
            self.world.note(self.name, "goes on")
            seeded(self.world.loop).release(self)

    # --- every moment in which something may happen to it

    async def at(self, point: str) -> None:
        world = self.world
        if world.over:
            raise asyncio.CancelledError
        world.note(self.name, point)
        if self.doom is not None:
            self._count_down()
        if self.halted or world.chance.random() < TURNS:
            await turn()

    def _count_down(self) -> None:
        assert self.doom is not None
        self.doom -= 1
        if self.doom <= 0:
            self.doom = None
            if self.stands_still_for is None:
                self.kill()
            else:
                self.stand_still(self.stands_still_for)

    async def at_database(self, point: str) -> None:
        await self.at(point)
        world, weather, draw = self.world, self.world.weather, self.world.chance.random
        if weather is CALM and not world.database_away:
            return
        if draw() < weather.database_slow:
            await asyncio.sleep(draw() * SLOW_SECONDS)
        if point == "connecting":
            if world.database_away or draw() < weather.database_refuses:
                world.note(self.name, "the database refuses")
                raise ConnectionRefusedError("nobody listens")
        elif draw() < weather.database_breaks:
            world.note(self.name, f"the connection breaks: {point}")
            raise ConnectionDoesNotExistError("connection was closed in the middle of operation")

    def _posting(self, account_id: int, request: Any) -> None:
        self.world.invariants.posting(self.name, account_id, request)

    async def _push(self, items: Sequence[tuple[str, str]]) -> None:
        await self.at("push")
        assert self.world.post is not None
        self.world.post.take(items)

    # --- what it runs

    async def _run(self) -> None:
        world, database, clock = self.world, self.database, self.clock
        sessions = Sessions(database, self.wire)
        applier = Applier(database, Inbox(world.bell, self.relay.nudge), clock)
        executor = Executor(database, sessions, applier, clock)
        resolver = Resolver(database, sessions, executor, applier, clock)
        async with AsyncExitStack() as stack:
            crew = await stack.enter_async_context(Crew(32))
            stepping = await stack.enter_async_context(Crew(8))
            group = await stack.enter_async_context(asyncio.TaskGroup())
            desk = OrderDesk(database, sessions, executor, world.find_account, crew.spawn)
            self.parts = Parts(desk)
            if self.is_worker:
                runner = Runner(self.name, database, clock)
                worker = self.parts.worker = Worker(
                    self.name,
                    world.strategies,
                    database,
                    self.wire,
                    runner,
                    executor,
                    world.bell,
                    stepping,
                    crew,
                )
                group.create_task(worker.run(self.stopped))
            if self.is_monitor:
                monitor = self.parts.monitor = Monitor(
                    self.name, database, sessions, executor, resolver, crew, clock, Unaudited()
                )
                group.create_task(monitor.run(self.stopped))
            group.create_task(keep_alive(database, self.name, "simulated", self.stopped))
            if world.post is not None:
                relaying = group.create_task(self.relay.run())
                group.create_task(self._until_stopped(relaying))
        await goodbye(database, self.name)
        self.world.note(self.name, "stopped")
        self._cut_off()

    async def _until_stopped(self, task: asyncio.Task[None]) -> None:
        await self.stopped.wait()
        task.cancel()


def _nothing() -> None:
    """Nobody waits for it."""
