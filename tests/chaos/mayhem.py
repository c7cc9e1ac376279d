"""Test 2: half of all orders disturbed, every kind of process killed, again and again."""

import asyncio

from tests.chaos import nemesis
from tests.chaos.fleet import Shape
from tests.chaos.scene import Scene, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.chaos.weather import storm

DISTURBED = 0.5
MARKET = {"speed": 300.0, "prints_per_second": 8.0}
ORDERS_PER_KILL = 20
SECONDS_MAX = 3600


async def run(stage: Stage) -> list[Verdict]:
    orders = stage.size(short=160, long=5_000)
    kills = nemesis.plan(stage.seed, orders, max(8, orders // ORDERS_PER_KILL))
    shape = Shape(seed=stage.seed, workers=2, monitors=2, exchange=MARKET)
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, customers=8) as scene:
        await scene.grids(4)
        await scene.fleet.exchange.disturb(storm(DISTURBED), stage.seed)
        async with asyncio.TaskGroup() as group:
            group.create_task(scene.crowd.trade(orders, hands=2))
            group.create_task(nemesis.carry_out(scene.fleet, kills, lambda: scene.crowd.placed))
        await scene.quiet()
        return [await judged(scene, orders)]


async def judged(scene: Scene, orders: int) -> Verdict:
    settled = await scene.settled()
    found = settled.books
    posts = [entry for entry in scene.fleet.journal() if entry["kind"] == "post"]
    disturbed = sum("fault" in post for post in posts) / max(1, len(posts))
    verdict = scene.verdict(
        2, f"{found.orders} orders, kill -9 of {nemesis.summary(scene.fleet.kills)}"
    )
    verdict.at_least("orders", found.orders, orders)
    slack = 5 if scene.stage.long else 15  # few requests stray further from the half
    verdict.at_least("requests disturbed", round(disturbed * 100), 50 - slack, " %")
    verdict.at_most("requests disturbed", round(disturbed * 100), 50 + slack, " %")
    judge(verdict, settled)
    return verdict
