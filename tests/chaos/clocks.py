"""Test 13: the exchange's clock jumps while people trade."""

import asyncio

from tests.chaos.fleet import Fleet, Shape
from tests.chaos.scene import Scene, Stage, judge, opened
from tests.chaos.verdict import Verdict

OFFSETS = (5, -5)
OFFSETS_LONG = (5, -5, 60, -60, -600, 0)
BLOCKED_SECONDS_MAX = 120.0
SECONDS_MAX = 1800
LOOK_SECONDS = 0.1
PAUSE_SECONDS = 4.0


async def run(stage: Stage) -> list[Verdict]:
    offsets = OFFSETS_LONG if stage.long else OFFSETS
    shape = Shape(seed=stage.seed, exchange={"speed": 300.0})
    async with (
        asyncio.timeout(SECONDS_MAX),
        opened(stage, shape, 2 * len(stage.exchanges)) as scene,
    ):
        blocked: list[float] = []
        async with asyncio.TaskGroup() as group:
            trading = group.create_task(scene.crowd.trade_on(cancels=0.2))
            await asyncio.sleep(PAUSE_SECONDS)
            for offset in offsets:
                blocked.append(await jump(scene, offset))
                await asyncio.sleep(PAUSE_SECONDS * (5 if stage.long else 1))
            trading.cancel()
        await scene.quiet()
        settled = await scene.settled()
        jumps = ", ".join(f"{offset:+d} s" for offset in offsets)
        verdict = scene.verdict(
            13, f"{settled.books.orders} orders, the exchange's clock off by {jumps}"
        )
        verdict.in_time("longest blocked", round(max(blocked), 1), BLOCKED_SECONDS_MAX)
        judge(verdict, settled)
        return [verdict]


async def jump(scene: Scene, offset: float) -> float:
    """How long it takes until an order is accepted on each exchange again."""
    before = scene.fleet.journal()[-1]["seq"]
    rule = {"on": "any", "fault": "clock", "seconds": offset}
    await scene.fleet.exchange.disturb([rule], scene.stage.seed)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while exchanges_since(scene.fleet, before) < set(scene.stage.exchanges):  # read from a file
        if loop.time() - begun > 2 * BLOCKED_SECONDS_MAX:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return loop.time() - begun


def exchanges_since(fleet: Fleet, seq: int) -> set[str]:
    """Where orders that were sent after that line of the journal were accepted."""
    later = [entry for entry in fleet.journal() if entry["seq"] > seq]
    sent = {entry["cid"]: entry["exchange"] for entry in later if entry["kind"] == "post"}
    return {sent[e["cid"]] for e in later if e["kind"] == "order" and e["cid"] in sent}
