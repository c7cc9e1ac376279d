"""A bot on recorded candles, at full speed: its books equal the exchange's, to the last digit."""

import csv
import random
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.system.books import assert_nothing_lost_or_doubled
from tests.system.running import System, running, until
from tradingbot.paper.accounts import account_of
from tradingbot.paper.journal import Entry, totals
from tradingbot.trading.order import Side
from tradingbot.trading.position import Fill, Position, total

KEY = "key-of-the-replay-test"
CANDLES = 3000
SYMBOL = "BTC/USDT"


def write_candles(path: Path, seed: int = 7, count: int = CANDLES, calm: int = 0) -> None:
    """`calm`: for so many at first the price stands still."""
    chance = random.Random(seed)  # noqa: S311  # prices, not secrets
    price, at = 30_000.0, 1_700_000_000_000
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for _ in range(calm):
            writer.writerow([at, *["30000.00"] * 4, "12.5"])
            at += 3_600_000
        for _ in range(count):
            # Drawn back to the middle, so that the grid has work to the end.
            drift = (30_000 - price) / 30_000 * 0.02
            close = price * (1 + chance.gauss(drift, 0.006))
            high = max(price, close) * (1 + abs(chance.gauss(0, 0.002)))
            low = min(price, close) * (1 - abs(chance.gauss(0, 0.002)))
            writer.writerow([at, *(f"{p:.2f}" for p in (price, high, low, close)), "12.5"])
            price, at = close, at + 3_600_000


def position_of(journal: Iterable[Entry], account: str) -> Position:
    fills = [
        Fill(
            Side(entry["side"]),
            Decimal(entry["price"]),
            Decimal(entry["quantity"]),
            Decimal(entry["fee"]),
            entry["fee_asset"],
        )
        for entry in journal
        if entry["kind"] == "fill" and entry["account"] == account
    ]
    return total(fills, "BTC", "USDT")


async def play_to_the_end(system: System, bot_id: int, seconds: float) -> None:
    async def finished() -> bool:
        url = system.facts["paper_exchange_url"] + "/paper/status"
        async with system.http.get(url) as answer:
            return bool((await answer.json())["finished"])

    await until(finished, seconds, "the replay is over")

    async def quiet() -> bool:
        waiting = await system.everything("/api/orders?status=sending")
        return not waiting

    await until(quiet, 60, "nothing is on its way")
    status, _ = await system.call("POST", f"/api/bots/{bot_id}/stop", {"on_stop": "cancel"})
    assert status in (200, 202)

    async def stopped() -> Any:
        return (await system.get(f"/api/bots/{bot_id}"))["status"] == "stopped"

    await until(stopped, 60, "the bot has stopped")


@pytest.mark.timeout(240)
async def test_the_bots_books_equal_the_exchanges_journal_to_the_last_digit(
    tmp_path: Path,
) -> None:
    candles = tmp_path / "BTC_USDT-1h.csv"
    write_candles(candles)
    async with running(tmp_path / "data", f"--feed=replay:{candles}", "--speed=0") as system:
        await system.sign_in()
        params = {"lower": 27_000, "upper": 33_000, "lines": 25, "investment": 5000}
        bot = await system.create_bot(api_key=KEY, api_secret="s", params=params)
        await play_to_the_end(system, bot["id"], 150)

        journal = system.journal()
        await assert_nothing_lost_or_doubled(system.facts["database_url"], journal, KEY)
        told = await system.get(f"/api/bots/{bot['id']}/performance")
        account = account_of(KEY)
        theirs = position_of(journal, account)
        assert Decimal(told["realised"]) == theirs.realised
        assert Decimal(told["holding"]) == theirs.holding
        assert {c: Decimal(fee) for c, fee in told["fees"].items()} == theirs.fees

        deals = [
            Decimal(event["data"]["profit"])
            for event in await system.everything(f"/api/bots/{bot['id']}/events")
            if event["type"] == "deal_closed"
        ]
        assert len(deals) == int(told["strategy"]["cells_completed"]) > 0
        assert sum(deals) == Decimal(told["strategy"]["grid_profit"])

        # And by plain addition, which knows nothing of positions.
        sums = totals(journal, account, SYMBOL)
        assert sums.fills == told["fills"] > 10
        assert theirs.holding == sums.bought - sums.sold - sums.fees["BTC"]
