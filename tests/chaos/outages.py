"""Tests 15 and 16: PostgreSQL and Valkey killed, restarted, exhausted, cut off, emptied."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from signal import SIGCONT, SIGINT, SIGSTOP

import asyncpg
from redis.asyncio import Redis

from tests.chaos.fleet import Shape
from tests.chaos.scene import Scene, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.system.running import until

MARKET = {"speed": 300.0, "prints_per_second": 8.0}
SECONDS_MAX = 3600
PAUSE_SECONDS = 2.0
AWAY_SECONDS = 4.0
LOOK_SECONDS = 0.1
GIVE_UP_SECONDS = 60.0
# What the sweeps that stand behind the queues need, and some.
LATE_SECONDS_MAX = 10.0
CONNECTIONS_TAKEN = 97

Blow = Callable[[Scene], Awaitable[None]]


async def postgres(stage: Stage) -> Verdict:
    """Test 15."""
    blows = (kill_postgres, restart_postgres, take_all_connections, cut_postgres)
    async with trading(stage) as scene:
        await strike(scene, blows)
        settled = await scene.settled()
        verdict = scene.verdict(
            15, f"{settled.books.orders} orders, PostgreSQL killed, restarted, full, cut off"
        )
        verdict.exactly("sent without a claim", len(settled.books.unplanned), 0)
        judge(verdict, settled)
        return verdict


async def valkey(stage: Stage) -> Verdict:
    """Test 16."""
    async with trading(stage) as scene:
        await strike(scene, (kill_valkey, empty_valkey), quiet=False)
        late = await commanded_without_valkey(scene, 60.0 if stage.long else 8.0)
        await scene.quiet()
        settled = await scene.settled()
        verdict = scene.verdict(
            16, f"{settled.books.orders} orders, Valkey killed, emptied, away for a while"
        )
        limit = stage.within(LATE_SECONDS_MAX)
        verdict.in_time("a command takes, with Valkey away", round(late, 1), limit)
        judge(verdict, settled)
        return verdict


@asynccontextmanager
async def trading(stage: Stage) -> AsyncIterator[Scene]:
    shape = Shape(seed=stage.seed, lines=True, exchange=MARKET)
    async with (
        asyncio.timeout(SECONDS_MAX),
        opened(stage, shape, 2 * len(stage.exchanges)) as scene,
    ):
        await scene.grids(2)
        yield scene


async def strike(scene: Scene, blows: Sequence[Blow], *, quiet: bool = True) -> None:
    """One blow after the other while people trade; in the long form again and again."""
    async with asyncio.TaskGroup() as group:
        people = group.create_task(scene.crowd.trade_on())
        for _ in range(scene.stage.size(short=1, long=20)):
            for blow in blows:
                await asyncio.sleep(PAUSE_SECONDS)
                await blow(scene)
        await asyncio.sleep(PAUSE_SECONDS)
        people.cancel()
    if quiet:
        await scene.quiet()


async def kill_postgres(scene: Scene) -> None:
    scene.fleet.strike("postgres")


async def restart_postgres(scene: Scene) -> None:
    scene.fleet.strike("postgres", SIGINT)


async def take_all_connections(scene: Scene) -> None:
    """Nobody gets a new connection; ours are ended, so that they need new ones."""
    await until(scene.fleet.postgres.answers)
    async with AsyncExitStack() as taken:
        for _ in range(CONNECTIONS_TAKEN):
            with suppress(asyncpg.TooManyConnectionsError):
                one = await asyncpg.connect(scene.fleet.postgres.url, ssl=False)
                taken.push_async_callback(one.close)
        for (_, way), line in scene.fleet.lines.items():
            if way == "DATABASE_URL":
                line.cut()
                await line.mend()
        await asyncio.sleep(AWAY_SECONDS)


async def cut_postgres(scene: Scene) -> None:
    """As when it is another machine's turn: nobody answers for a while."""
    lines = [line for (_, way), line in scene.fleet.lines.items() if way == "DATABASE_URL"]
    for line in lines:
        line.cut()
    await asyncio.sleep(AWAY_SECONDS)
    for line in lines:
        await line.mend()


async def kill_valkey(scene: Scene) -> None:
    scene.fleet.strike("valkey")


async def empty_valkey(scene: Scene) -> None:
    async with Redis.from_url(scene.fleet.valkey.url) as redis:
        await redis.flushall()


async def commanded_without_valkey(scene: Scene, seconds: float) -> float:
    """How long a bot takes to stop when nothing carries the command but the table it is in."""
    bot = scene.bots[0]
    scene.fleet.strike("valkey", SIGSTOP)
    try:
        async with asyncio.TaskGroup() as group:
            people = group.create_task(scene.crowd.trade_on())
            await asyncio.sleep(PAUSE_SECONDS)
            late = await stopped(scene, bot)
            await asyncio.sleep(max(0.0, seconds - PAUSE_SECONDS - late))
            people.cancel()
    finally:
        scene.fleet.strike("valkey", SIGCONT)
    return late


async def stopped(scene: Scene, bot: int) -> float:
    loop = asyncio.get_running_loop()
    await scene.desk.insist("POST", f"/api/bots/{bot}/stop", {"on_stop": "keep"})
    begun = loop.time()
    query = "SELECT status FROM bots WHERE id = $1"
    while loop.time() - begun < GIVE_UP_SECONDS:
        [row] = await scene.fleet.rows(query, bot)
        if row["status"] == "stopped":
            break
        await asyncio.sleep(LOOK_SECONDS)
    return loop.time() - begun
