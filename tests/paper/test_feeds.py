"""Where prices come from, and that they can be believed and repeated."""

import asyncio
import csv
import math
import statistics
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pyarrow as pa  # type: ignore[import-untyped]  # because it has no stubs
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # because it has no stubs
import pytest

from tests.paper.clients import trading
from tests.paper.server import running_paper_exchange
from tradingbot.paper.feeds import open_feed
from tradingbot.paper.options import OptionRefused, PaperOptions
from tradingbot.paper.server import PaperExchange
from tradingbot.paper.synthetic import BEAT, SyntheticFeed
from tradingbot.simulation.fees import FeeRates

pytestmark = pytest.mark.anyio

S = "BTC/USDT"
HOUR = 3_600_000
NOW = 1_800_000_000_000
ROWS = [
    # open, high, low, close
    (100, 104, 98, 103),
    (103, 106, 101, 102),
    (102, 103, 90, 91),
    (91, 99, 91, 98),
]


def candles(path: Path, rows: Sequence[tuple[int, ...]] = ROWS) -> Path:
    columns: dict[str, list[float]] = {"timestamp": [NOW + HOUR * i for i in range(len(rows))]}
    for index, name in enumerate(("open", "high", "low", "close")):
        columns[name] = [float(row[index]) for row in rows]
    columns["volume"] = [8.0 for _ in rows]
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    return path


async def status(paper: PaperExchange) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{paper.url}/paper/status") as answer,
    ):
        return await answer.json()


async def finished(paper: PaperExchange) -> None:
    for _ in range(1_000):
        if paper.feed.finished:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the replay did not end")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
async def test_a_replay_waits_for_the_first_order_then_plays_every_candle(
    tmp_path: Path, suffix: str
) -> None:
    feed = f"replay:{candles(tmp_path / f'BTC_USDT-1h.{suffix}')}"
    async with (
        running_paper_exchange(tmp_path, feed=feed, speed=0.0) as paper,
        trading(paper.url) as client,
    ):
        await asyncio.sleep(0.1)
        assert (await status(paper))["feed"]["candle"] == 0
        assert (await client.fetch_ticker(S))["last"] == 100
        low = await client.create_order(S, "limit", "buy", 0.1, 92)
        await finished(paper)
        bought = await client.fetch_order(low["id"], S)
        assert (bought["status"], bought["average"]) == ("closed", 92)
        assert (await status(paper))["finished"] is True
        assert (await client.fetch_ticker(S))["last"] == 98
        assert [candle[:5] for candle in await client.fetch_ohlcv(S, "1h")] == [
            [NOW + HOUR * i, *row] for i, row in enumerate(ROWS)
        ]


async def test_a_replay_goes_on_where_it_was(tmp_path: Path) -> None:
    path = candles(tmp_path / "BTC_USDT-1h.csv")
    options: dict[str, Any] = {"feed": f"replay:{path}", "speed": 0.0, "replay_warmup": 2}
    async with running_paper_exchange(tmp_path, **options) as paper, trading(paper.url) as client:
        assert len(await client.fetch_ohlcv(S, "1h")) == 2
        await client.create_order(S, "limit", "buy", 0.1, 80)
        await finished(paper)
    async with running_paper_exchange(tmp_path, **options) as paper:
        assert paper.feed.finished
        assert paper.venue.halls[S].tape.last == 98


async def test_at_full_speed_a_trader_can_answer_each_fill(tmp_path: Path) -> None:
    rows = [(100, 101, 99, 100)] * 20
    feed = f"replay:{candles(tmp_path / 'BTC_USDT-1h.csv', rows)}"
    async with (
        running_paper_exchange(tmp_path, feed=feed, speed=0.0, settle_seconds=5.0) as paper,
        trading(paper.url, pro=True) as client,
    ):
        order = await client.create_order(S, "limit", "buy", 0.1, 99.5)
        turns = 0
        while not paper.feed.finished and turns < 10:
            if (await client.fetch_order(order["id"], S))["status"] == "closed":
                side, price = (("sell", 100.5), ("buy", 99.5))[turns % 2]
                order = await client.create_order(S, "limit", side, 0.1, price)
                turns += 1
        assert turns == 10


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("BTC_USDT-1h.csv", None, "there is no file"),
        ("BTC_USDT-1h.csv", "timestamp,open\n1,2\n", "no column high"),
        ("BTC_USDT-1h.csv", "timestamp,open,high,low,close,volume\n", "fewer than two"),
        (
            "BTC_USDT-1h.csv",
            "timestamp,open,high,low,close,volume\n1,a,1,1,1,1\n",
            "read as candle",
        ),
        ("BTC_USDT-1h.parquet", "not parquet", "cannot be read as candles"),
        (
            "bitcoin.csv",
            "timestamp,open,high,low,close,volume\n1,1,1,1,1,1\n2,1,1,1,1,1\n",
            "does not name its market",
        ),
        (
            "BTC_USDT-1h.csv",
            "timestamp,open,high,low,close,volume\n2,1,1,1,1,1\n1,1,1,1,1,1\n",
            "order of time",
        ),
    ],
)
def test_an_odd_file_is_refused_in_one_line(
    tmp_path: Path, name: str, text: str | None, complaint: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    options = PaperOptions(data_dir=tmp_path, feed=f"replay:{tmp_path / name}")
    with pytest.raises(OptionRefused, match=complaint) as caught:
        open_feed(options, NOW, None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("feed", ["live", "dream", "replay:"])
def test_a_feed_that_is_not_there_is_refused(tmp_path: Path, feed: str) -> None:
    with pytest.raises(OptionRefused, match="feed: "):
        open_feed(PaperOptions(data_dir=tmp_path, feed=feed), NOW, None)


def walk(seed: int, seconds: int, directory: Path) -> list[float]:
    feed = SyntheticFeed(PaperOptions(data_dir=directory, seed=seed), NOW, None)
    prices = []
    for _ in range(seconds):
        for _ in range(round(1 / BEAT)):
            feed._step(BEAT)
        prices.append(feed._logs["BTC"])
    return prices


def test_the_same_seed_makes_the_same_market(tmp_path: Path) -> None:
    assert walk(7, 20, tmp_path) == walk(7, 20, tmp_path) != walk(8, 20, tmp_path)


def test_calm_and_wild_hours_cluster(tmp_path: Path) -> None:
    feed = SyntheticFeed(PaperOptions(data_dir=tmp_path, seed=3), NOW, None)
    minutes = []
    for _ in range(6_000):
        before = feed._logs["BTC"]
        for _ in range(4):
            feed._step(15)
        minutes.append(feed._logs["BTC"] - before)
    daily = statistics.stdev(minutes) * math.sqrt(1_440)
    assert 0.01 < daily < 0.10
    sizes = [abs(move) for move in minutes]
    assert statistics.correlation(sizes[:-1], sizes[1:]) > 0.1
    assert abs(statistics.correlation(minutes[:-1], minutes[1:])) < 0.1


async def test_a_synthetic_market_moves_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async with running_paper_exchange(tmp_path, speed=600.0, prints_per_second=20.0) as paper:
        await asyncio.sleep(0.6)
        moved = {symbol: hall.tape.last for symbol, hall in paper.venue.halls.items()}
        assert all(hall.tape.last_id > 0 for hall in paper.venue.halls.values())
    assert moved[S] != Decimal(60_000)
    async with running_paper_exchange(tmp_path, speed=600.0, prints_per_second=0.0) as paper:
        for symbol, hall in paper.venue.halls.items():
            assert abs(hall.tape.last / moved[symbol] - 1) < Decimal("0.01")


async def test_a_coin_that_pays_fees_has_a_price_in_a_replay_too(tmp_path: Path) -> None:
    file = candles(tmp_path / "BTC_USDT-1h.csv")
    fees = FeeRates(third_coin="BNB")
    async with (
        running_paper_exchange(tmp_path, feed=f"replay:{file}", speed=0, fees=fees) as paper,
        trading(paper.url) as client,
    ):
        assert (await status(paper))["prices"]["BNB/USDT"] == "600"
        order = await client.create_order(S, "market", "buy", 0.1)
        assert order["fee"]["currency"] == "BNB"
