"""How soon a grid answers a fill: the paper exchange's own journal, its clock at both ends."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from bench.report import Result, quantile, within
from bench.whole_system import create_bot, paper_price, system
from tests.system.books import rows
from tests.system.running import System

LIMIT = 50.0
BUDGET = "≤ 50 ms"
SYMBOLS = ("BTC/USDT", "ETH/USDT", "BNB/USDT", "SOL/USDT", "FIL/USDT")
# The market plays faster, its prints stay as rare: a fill or two a second, seldom two at once.
SPEED = 300
STEP = 0.003
WIDTH = 0.06
SETTLE_SECONDS = 8.0
PATIENCE_SECONDS = 150.0
# A fill so young may still be on its way when the measuring ends.
YOUNG_MS = 2_000

STEPS = """
SELECT bot_id, event, intents, extract(epoch FROM taken_at) * 1000 AS at
FROM bot_steps WHERE event LIKE '{"kind":"OrderFilled"%'
"""
ORDERS = """
SELECT bot_id, slot, round, client_order_id, type, side, sign_timestamp_ms AS signed_at,
    extract(epoch FROM updated_at) * 1000 AS at
FROM orders
"""

Key: TypeAlias = tuple[int, str, int]


class Answer(NamedTuple):
    """When, in ms of one machine's clock: filled; its commit and the step's begun; sent; there."""

    filled: float
    heard: float
    decided: float
    signed: float
    accepted: float

    @property
    def wait(self) -> float:
        return self.accepted - self.filled


async def measure(fills: int = 250) -> list[Result]:
    async with system(f"--speed={SPEED}") as started:
        await started.sign_in()
        for symbol in SYMBOLS:
            price = await paper_price(started, symbol)
            await create_bot(started, name=symbol, symbol=symbol, params=_around(price))
        await asyncio.sleep(SETTLE_SECONDS)
        settled = started.journal()[-1]["at"]
        answers: list[Answer] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(answers) < fills:
                await asyncio.sleep(3)
                answers, unanswered = await _answers(started, settled)
    waits = [answer.wait for answer in answers]
    note = f"{len(waits)} fills, {unanswered} unanswered; {_stages(answers)}"
    return [
        within(f"fill_to_counter_order_{name}", quantile(waits, share), "ms", LIMIT, BUDGET, note)
        for name, share in (("p50", 0.5), ("p99", 0.99))
    ]


def _around(price: float) -> dict[str, object]:
    return {
        "lower": f"{price * (1 - WIDTH):.6g}",
        "upper": f"{price * (1 + WIDTH):.6g}",
        "lines": round(2 * WIDTH / STEP),
        "investment": "2000",
    }


async def _answers(started: System, since: int) -> tuple[list[Answer], int]:
    """From each line's fill to the acceptance of what the bot placed because of it."""
    url = started.facts["database_url"]
    steps = await rows(url, STEPS)
    orders: dict[Key, Mapping[str, Any]] = {
        (row["bot_id"], row["slot"], row["round"]): row for row in await rows(url, ORDERS)
    }
    # Read last: what the database knows of has happened at the exchange.
    journal = started.journal()
    filled = {e["cid"]: e["at"] for e in journal if e["kind"] == "fill" and e["status"] == "FILLED"}
    accepted = {e["cid"]: e["at"] for e in journal if e["kind"] == "order"}
    answers: list[Answer] = []
    unanswered = 0
    for step in steps:
        cause, places = _caused(step)
        order = orders[cause]
        at = filled[order["client_order_id"]]
        if order["type"] == "market" or not since < at < journal[-1]["at"] - YOUNG_MS:
            continue
        for counter in (orders[key] for key in places):
            placed = accepted.get(counter["client_order_id"])
            if placed is None:
                unanswered += 1
            elif counter["side"] != order["side"]:
                times = (order["at"], step["at"], counter["signed_at"], placed)
                answers.append(Answer(at, *map(float, times)))
    return answers, unanswered


def _stages(answers: list[Answer]) -> str:
    """Where the time goes, at the median of each stage."""
    names = Answer._fields
    spent = {
        after: quantile([answer[at] - answer[at - 1] for answer in answers], 0.5)
        for at, after in enumerate(names)
        if at
    }
    return "p50 until " + ", ".join(f"{name} {ms:.0f}" for name, ms in spent.items())


def _caused(step: Mapping[str, Any]) -> tuple[Key, list[Key]]:
    """Which fill made a bot place which orders: its steps say so."""
    event = json.loads(step["event"])["value"]
    places = [
        (step["bot_id"], intent["value"]["slot"], intent["value"]["round"])
        for intent in json.loads(step["intents"])
        if intent["kind"] == "PlaceOrder"
    ]
    return (step["bot_id"], event["slot"], event["round"]), places
