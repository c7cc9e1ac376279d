"""Tests 4, 5, 6 and 8: what the network does to a request that places an order."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.fleet import Shape
from tests.chaos.scene import Scene, Settled, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.chaos.weather import Rule

CUSTOMERS = 8
HANDS = 8
# Longer than our client waits for an answer.
HANG_SECONDS = 16
FOUND_SECONDS_MAX = 5.0
LAG_SECONDS = 5
LOOK_SECONDS = 0.1
GIVE_UP_SECONDS = 60.0
READS = ("find", "open_orders", "trades", "balances")
# Executed, and nobody hears of it: not by the answer, not by asking, not by the stream.
BLACKOUT: Sequence[Rule] = [
    {"on": "place", "fault": "hang_after", "seconds": HANG_SECONDS},
    *({"on": on, "fault": "hang", "seconds": HANG_SECONDS} for on in READS),
    {"on": "user_stream", "fault": "omit"},
]
UNHEARD: Sequence[Rule] = [
    *({"on": on, "fault": "drop_before"} for on in READS),
    {"on": "user_stream", "fault": "omit"},
]
SPOILING: Sequence[Rule] = [
    {"on": "place", "fault": "empty", "share": 0.25},
    {"on": "place", "fault": "html", "share": 1 / 3},
    {"on": "place", "fault": "cut", "share": 0.5},
    {"on": "place", "fault": "status_after", "status": 524},
    *UNHEARD,
]
LATE: Sequence[Rule] = [
    *(
        {"on": "place", "fault": "late", "seconds": seconds, "share": 0.4}
        for seconds in (4.5, 3, 1.5)
    ),
    {"on": "find", "fault": "lag", "seconds": LAG_SECONDS},
    {"on": "open_orders", "fault": "lag", "seconds": LAG_SECONDS},
    {"on": "trades", "fault": "lag", "seconds": LAG_SECONDS},
    {"on": "user_stream", "fault": "omit"},
]
SECONDS_MAX = 3600


@dataclass
class Batch:
    """Orders placed under one kind of fault, and how the API answered first."""

    orders: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        return {order["client_order_id"] for order in self.orders}

    @property
    def first(self) -> Counter[str]:
        return Counter(order["status"] for order in self.orders)


async def placed(scene: Scene, count: int, rules: Sequence[Rule]) -> Batch:
    """So many resting orders, while these faults stand."""
    await scene.fleet.exchange.disturb(rules, scene.stage.seed)
    await scene.crowd.look()
    batch, left = Batch(), iter(range(count))

    async def place(number: int) -> None:
        customer = scene.crowd.customers[number % CUSTOMERS]
        for _ in left:
            batch.orders.append(await scene.crowd.rest(customer))

    async with asyncio.TaskGroup() as group:
        for number in range(CUSTOMERS * HANDS):
            group.create_task(place(number))
    await scene.fleet.exchange.disturb([], scene.stage.seed)
    return batch


async def fates(scene: Scene, batch: Batch) -> Counter[str]:
    """What has become of them."""
    rows = await scene.fleet.rows(
        "SELECT status FROM orders WHERE client_order_id = ANY($1)", sorted(batch.ids)
    )
    return Counter(row["status"] for row in rows)


def reduced(settled: Settled, *batches: Batch) -> Settled:
    """Only what concerns these."""
    ids = {cid for batch in batches for cid in batch.ids}
    return Settled(settled.books.of(ids), settled.resolved, settled.clean)


async def run(stage: Stage) -> list[Verdict]:
    shape = Shape(seed=stage.seed, exchange={"prints_per_second": 0})
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, CUSTOMERS) as scene:
        hung, found_after = await hang(scene, stage.size(short=8, long=100))
        before = await placed(scene, stage.size(15, 500), [{"on": "place", "fault": "drop_before"}])
        after = await placed(scene, stage.size(15, 500), [{"on": "place", "fault": "drop_after"}])
        spoilt = await placed(scene, stage.size(24, 400), SPOILING)
        late = await placed(scene, stage.size(60, 5_000), LATE)
        settled = await scene.settled()
        return [
            await judge_resets(scene, before, after, settled),
            judge_hung(scene, hung, found_after, settled),
            judge_spoilt(scene, spoilt, settled),
            await judge_late(scene, late, settled),
        ]


async def hang(scene: Scene, count: int) -> tuple[Batch, float]:
    """Nothing is answered for longer than anybody waits; how soon all is known afterwards."""
    batch = await placed(scene, count, BLACKOUT)
    # What hangs ends with its own timeout: nothing may still hang when traffic goes on.
    await scene.fleet.exchange.disturb(UNHEARD, scene.stage.seed)
    await asyncio.sleep(HANG_SECONDS)
    await scene.fleet.exchange.disturb([], scene.stage.seed)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while set(await fates(scene, batch)) != {"open"} and loop.time() < begun + GIVE_UP_SECONDS:  # noqa: ASYNC110  # seen in a table
        await asyncio.sleep(LOOK_SECONDS)
    return batch, round(loop.time() - begun, 1)


async def judge_resets(scene: Scene, before: Batch, after: Batch, settled: Settled) -> Verdict:
    count = len(before.orders)
    verdict = scene.verdict(4, f"{count} orders reset before being executed, as many after")
    verdict.exactly("reset before", await fates(scene, before), {"not_placed": count})
    verdict.exactly("reset after", await fates(scene, after), {"open": len(after.orders)})
    judge(verdict, reduced(settled, before, after))
    return verdict


def judge_hung(scene: Scene, hung: Batch, found_after: float, settled: Settled) -> Verdict:
    verdict = scene.verdict(5, f"{len(hung.orders)} orders executed, no answer to anything")
    verdict.exactly("at first", hung.first, {"sending": len(hung.orders)})
    limit = scene.stage.within(FOUND_SECONDS_MAX)
    verdict.in_time("found after the silence", found_after, limit)
    judge(verdict, reduced(settled, hung))
    return verdict


def judge_spoilt(scene: Scene, spoilt: Batch, settled: Settled) -> Verdict:
    verdict = scene.verdict(6, f"{len(spoilt.orders)} answers empty, HTML, 524 or cut short")
    verdict.exactly("at first", spoilt.first, {"sending": len(spoilt.orders)})
    judge(verdict, reduced(settled, spoilt))
    return verdict


async def judge_late(scene: Scene, late: Batch, settled: Settled) -> Verdict:
    verdict = scene.verdict(
        8, f"{len(late.orders)} orders that arrive up to 4.5 s late, reads that lag {LAG_SECONDS} s"
    )
    verdict.exactly("wrongly not placed", len(reduced(settled, late).books.denied), 0)
    verdict.exactly("fates", await fates(scene, late), {"open": len(late.orders)})
    judge(verdict, reduced(settled, late))
    return verdict
