"""Test 1: a process dies at each named point of an order's life, again and again.

But for the last one, at which it does not die but stands still: that is test 3.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from signal import SIGKILL

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.chaos.fleet import Fleet, Shape
from tests.chaos.points import POINTS
from tests.chaos.scene import Scene, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.chaos.weather import mixed
from tradingbot.kit.plain import dumps

MARKET = {"speed": 300.0, "prints_per_second": 8.0}
# Orders in doubt, so that there is something to look up; and nothing that hangs for long.
DOUBT = ({"fault": "drop_after"}, {"fault": "drop_before"}, {"fault": "empty"})
SHARE_MIN, SHARE_OF_ALL = 0.1, 0.8
RESOLVED_SECONDS_MAX = 30.0
SECONDS_MAX = 5400
SHORT_SECONDS = 240  # over as soon as every point was reached
ORDERS_AT_ONCE = 40
# Whoever may die of many things dies of the frequent ones.
NAMES_AT_ONCE = 2
LOOK_SECONDS = 0.05
# The monitor sends what a worker died on before it sent it, so somebody must go on dying so.
FEEDS = ("bot-worker", "planned")
FED = {("order-monitor", name) for name in ("claimed", "half_sent", "sent", "unread", "answered")}
# Nobody waits for a dead one's lease to run out; the living show themselves again, or are fenced.
END_LEASES = "UPDATE workers SET alive_until = now()"


async def run(stage: Stage) -> list[Verdict]:
    times = stage.size(short=2, long=50)
    shape = Shape(seed=stage.seed, apis=2, workers=2, monitors=2, exchange=MARKET)
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, customers=6) as scene:
        await scene.grids(2, lines=15)  # those that are stopped and started
        await scene.grids(4)
        until = loop.time() + (SECONDS_MAX / 2 if stage.long else SHORT_SECONDS)
        doubt = [*mixed("place", DOUBT, 0.2), *mixed("cancel", DOUBT, 0.5)]
        await scene.fleet.exchange.disturb(doubt, stage.seed)
        async with asyncio.TaskGroup() as group:
            beside = [
                group.create_task(work)
                for work in (
                    keep_under_threat(scene.fleet, times),
                    knock(scene.fleet),
                    *(change_minds(scene, bot) for bot in scene.bots[:2]),
                )
            ]
            while missing(scene.fleet, times) and loop.time() < until:
                await scene.crowd.trade(ORDERS_AT_ONCE, hands=2, cancels=0.6)
                stage.tell(f"test 1: {sum(counted(scene.fleet).values())} deaths")
            for task in beside:
                task.cancel()
        disarm(scene.fleet)
        await scene.quiet()
        return [await judged(scene, times)]


def counted(fleet: Fleet) -> Counter[tuple[str, str]]:
    """How often each kind of process died at each point."""
    return Counter((death["process"], death["point"]) for death in fleet.died())


def missing(fleet: Fleet, times: int) -> list[tuple[str, str]]:
    """Kinds of process that have not died often enough at a point of theirs."""
    done = counted(fleet)
    deadly = [point for point in POINTS.values() if point.signal is SIGKILL]
    wanted = [(kind, point.name) for point in deadly for kind in point.places]
    return [each for each in wanted if done[each] < times]


async def keep_under_threat(fleet: Fleet, times: int) -> None:
    """Whoever is born next dies where nobody of its kind has died often enough."""
    first, deaths = True, 0
    while True:
        left = missing(fleet, times)
        if FED.intersection(left) and not any(kind == FEEDS[0] for kind, _ in left):
            left.append(FEEDS)
        if len(fleet.died()) > deaths:
            deaths = len(fleet.died())
            await fleet.rows(END_LEASES)
        rarest = sorted(left, key=counted(fleet).__getitem__)
        for process in fleet.ours("api", "bot-worker", "order-monitor"):
            names = [point for kind, point in rarest if kind == process.kind][:NAMES_AT_ONCE]
            process.threats = [f"--die-at={name}" for name in names]
            share = max(SHARE_MIN, SHARE_OF_ALL / max(1, len(names)))
            process.threats += [f"--share={share}", f"--note={fleet.deaths}"]
            if first:
                fleet.strike(process.name)
        first = False
        await asyncio.sleep(LOOK_SECONDS)


def disarm(fleet: Fleet) -> None:
    """Those who live now may still die once, those after them no more."""
    for process in fleet.ours("api", "bot-worker", "order-monitor"):
        process.threats = ()
        fleet.strike(process.name)


async def knock(fleet: Fleet) -> None:
    """Commands on the bots' queue, as anybody may push them."""
    bots = [row["id"] for row in await fleet.rows("SELECT id FROM bots WHERE wanted = 'running'")]
    async with Redis.from_url(fleet.valkey.url) as redis:
        while True:
            for bot in bots:
                with suppress(RedisError):
                    await redis.lpush(
                        "bot_commands:grid", dumps({"bot_id": bot, "action": "update"})
                    )
            await asyncio.sleep(0.5)


async def change_minds(scene: Scene, bot_id: int) -> None:
    """One bot is stopped, which cancels what it has, and started again, all the time."""
    path = f"/api/bots/{bot_id}"
    while True:
        bot = await scene.desk.insist("GET", path)
        if bot["status"] == "running":
            await scene.desk.insist("POST", f"{path}/stop", {"on_stop": "cancel"})
        elif bot["status"] == "stopped":
            await scene.desk.insist("POST", f"{path}/start")
        await asyncio.sleep(LOOK_SECONDS * 10)


async def judged(scene: Scene, times: int) -> Verdict:
    settled = await scene.settled()
    found = settled.books
    deaths = counted(scene.fleet)
    verdict = scene.verdict(1, f"{found.orders} orders, {sum(deaths.values())} deaths")
    verdict.exactly("points not reached", missing(scene.fleet, times), [])
    verdict.at_least("deaths at every point", min(deaths.values(), default=0), times)
    judge(verdict, settled, scene.stage.within(RESOLVED_SECONDS_MAX))
    return verdict
