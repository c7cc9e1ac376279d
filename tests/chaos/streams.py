"""Tests 9 to 12: what an account's stream leaves out, repeats, keeps back or says all at once."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from signal import SIGCONT, SIGSTOP

from tests.chaos.fleet import Fleet, Shape
from tests.chaos.scene import SETTLED_SECONDS, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.chaos.weather import Rule
from tradingbot.paper.journal import Entry

MARKET = {"speed": 300.0, "prints_per_second": 8.0}
CUSTOMERS = 6
SECONDS_MAX = 1800
LOOK_SECONDS = 0.1

MUDDLED: Sequence[Rule] = [
    {"on": "user_stream", "fault": fault, "share": 0.1}
    for fault in ("duplicate", "reorder", "omit")
]
CUT_EVERY_SECONDS = 10
BURST = 50
BURST_SECONDS_MAX = 10.0
STOP_SECONDS = 2.0
SILENCE_SECONDS = 90
NOTICED_SECONDS_MAX = 45.0
LATENCY_P99_SECONDS_MAX = 10.0

HEARD = """
SELECT o.client_order_id AS cid, extract(epoch FROM e.created_at) * 1000 AS at
FROM events e JOIN orders o ON o.id = e.order_id WHERE e.type = 'order_filled'
"""


async def muddled(stage: Stage) -> Verdict:
    """Test 9."""
    orders = stage.size(short=120, long=2_000)
    shape = Shape(seed=stage.seed, exchange=MARKET)
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, CUSTOMERS) as scene:
        await scene.fleet.exchange.disturb(MUDDLED, stage.seed)
        await scene.crowd.trade(orders, hands=2, cancels=0.2)
        await scene.quiet()
        settled = await scene.settled()
        verdict = scene.verdict(
            9, f"{settled.books.fills} fills, 10 % each repeated, late, left out"
        )
        verdict.at_least("fills", settled.books.fills, orders / 4)
        judge(verdict, settled)
        return verdict


async def cut(stage: Stage) -> Verdict:
    """Test 10."""
    seconds = stage.size(short=30, long=600)
    shape = Shape(seed=stage.seed, lines=True, exchange=MARKET)
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, CUSTOMERS) as scene:
        async with asyncio.TaskGroup() as group:
            trading = group.create_task(scene.crowd.trade_on(cancels=0.1))
            for _ in range(seconds // CUT_EVERY_SECONDS):
                await asyncio.sleep(CUT_EVERY_SECONDS)
                line = scene.fleet.lines["order-monitor-0", "PAPER_EXCHANGE_URL"]
                line.cut()
                await line.mend()
            trading.cancel()
        await scene.quiet()
        settled = await scene.settled()
        heard = await latencies(scene.fleet)
        cuts = seconds // CUT_EVERY_SECONDS
        verdict = scene.verdict(10, f"{settled.books.fills} fills, the stream cut {cuts} times")
        verdict.exactly("fills missed", len(settled.books.misfilled), 0)
        limit = stage.within(LATENCY_P99_SECONDS_MAX)
        verdict.in_time("p99 until a fill is known", quantile(heard, 0.99), limit)
        judge(verdict, settled)
        return verdict


async def latencies(fleet: Fleet) -> list[float]:
    """Seconds from each order's last fill at the exchange to our telling of it."""
    fills = [entry for entry in fleet.journal() if entry["kind"] == "fill"]
    filled = {entry["cid"]: entry["at"] for entry in fills if entry["status"] == "FILLED"}
    told = {row["cid"]: float(row["at"]) for row in await fleet.rows(HEARD)}
    return [(told[cid] - at) / 1000 for cid, at in filled.items() if cid in told]


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values) or [float("inf")]
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


async def burst(stage: Stage) -> Verdict:
    """Test 12."""
    shape = Shape(seed=stage.seed, exchange={"prints_per_second": 0})
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, len(stage.exchanges)) as scene:
        await scene.crowd.look()
        top = scene.crowd.prices["BTC/USDT"]
        for customer in scene.crowd.customers:
            for step in range(BURST):
                wish = {"symbol": "BTC/USDT", "side": "buy", "type": "limit", "quantity": "0.001"}
                price = str((top * Decimal("0.99")).quantize(Decimal(1)) - step)
                await scene.crowd.place(
                    customer, f"burst:{customer.number}:{step}", **wish, price=price
                )
        # The slow consumer: the market sweeps through all of them while nobody is listening.
        scene.fleet.strike("order-monitor-0", SIGSTOP)
        await scene.fleet.exchange.print("BTC/USDT", top * Decimal("0.9"), Decimal(1000))
        await asyncio.sleep(STOP_SECONDS)
        scene.fleet.strike("order-monitor-0", SIGCONT)
        settled = await scene.settled()
        heard = await latencies(scene.fleet)
        verdict = scene.verdict(
            12, f"{BURST} fills at once, a listener that is busy {STOP_SECONDS} s"
        )
        verdict.exactly("fills", settled.books.fills, BURST * len(stage.exchanges))
        verdict.exactly("told of", len(heard), BURST * len(stage.exchanges))
        limit = stage.within(BURST_SECONDS_MAX)
        verdict.in_time("the last one after", max(heard, default=float("inf")), limit)
        judge(verdict, settled)
        return verdict


async def silence(stage: Stage) -> Verdict:
    """Test 11."""
    shape = Shape(seed=stage.seed, exchange=MARKET)
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, CUSTOMERS) as scene:
        await scene.crowd.trade(20)
        rule = {"on": "user_stream", "fault": "silence", "seconds": SILENCE_SECONDS}
        await scene.fleet.exchange.disturb([rule], stage.seed)
        loop = asyncio.get_running_loop()
        begun, moment = loop.time(), datetime.now().astimezone().timestamp()  # noqa: TID251  # to compare with logs
        while not (lost := noticed(scene.fleet, moment)) and loop.time() - begun < SILENCE_SECONDS:
            await scene.crowd.trade(4, cancels=0.1)
            await asyncio.sleep(LOOK_SECONDS * 5)
        await scene.quiet()
        settled = await scene.settled()
        verdict = scene.verdict(11, "streams that stay open and say nothing, not even pong")
        limit = stage.within(NOTICED_SECONDS_MAX)
        after = lost[0] - moment if lost else float("inf")
        verdict.in_time("first noticed after", round(after, 1), limit)
        judge(verdict, settled)
        verdict.in_time("covered by polling within", settled.clean, SETTLED_SECONDS)
        return verdict


def noticed(fleet: Fleet, since: float) -> list[float]:
    """When the monitors said that a stream was lost."""
    moments = []
    for process in fleet.ours("order-monitor"):
        for line in process.log.read_text().splitlines():
            said: Entry = json.loads(line) if line.startswith("{") else {}
            if "lost" in str(said.get("event", "")):
                at = datetime.fromisoformat(said["at"]).timestamp()
                moments += [at] if at > since else []
    return sorted(moments)
