"""What was acknowledged survives whatever happens to the process."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from ccxt.async_support import NetworkError

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.bybit_orders import found
from tests.paper.clients import trading
from tradingbot.paper import journal

pytestmark = pytest.mark.anyio

S = "BTC/USDT"
ENOUGH = 30
START = """
import sys
from pathlib import Path
from tradingbot.processes.paper_exchange import PaperLimits, PaperOptions, main
limits = PaperLimits(bybit_orders_per_second=10_000)
main(PaperOptions(data_dir=Path(sys.argv[1]), limits=limits))
"""


@asynccontextmanager
async def process(directory: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, str(directory), stdout=asyncio.subprocess.PIPE
    )
    assert started.stdout is not None
    try:
        async with asyncio.timeout(20):
            line = (await started.stdout.readline()).decode()
        yield started, line.split()[2]
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()
        # The pipe's transport lives until the loop has seen its end.
        await started.stdout.read()


async def test_a_killed_exchange_forgets_nothing_it_acknowledged(tmp_path: Path) -> None:
    placed: list[str] = []
    busy = asyncio.Event()
    async with process(tmp_path) as (started, url), trading(url) as client:

        async def place() -> None:
            while True:
                order = await client.create_order(S, "limit", "buy", 0.001, 40_000)
                placed.append(order["id"])
                if len(placed) == ENOUGH:
                    busy.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(kill_amid(started, busy))
            tasks.create_task(until_lost(place()))
        assert len(placed) >= ENOUGH
    async with process(tmp_path) as (_, url), trading(url) as client:
        there = {order["id"]: order for order in await client.fetch_open_orders(S)}
        assert set(placed) <= set(there)
        assert len(there) <= len(placed) + 1  # one may have been accepted and not answered
        used = (await client.fetch_balance())["USDT"]["used"]
        assert used == pytest.approx(40 * len(there))
        later = await client.create_order(S, "limit", "buy", 0.001, 40_000)
        assert int(later["id"]) > max(map(int, there))


async def test_a_killed_exchange_finishes_what_it_acknowledged_on_bybit(tmp_path: Path) -> None:
    placed: list[str] = []
    busy = asyncio.Event()
    async with process(tmp_path) as (started, url), trading_on_bybit(url) as client:

        async def place() -> None:
            while True:
                # Each second one is to take what the market offers, and may still be on its way.
                price = 40_000 if len(placed) % 2 else None
                kind = "limit" if price else "market"
                order = await client.create_order(S, kind, "buy", 0.001, price)
                placed.append(order["id"])
                if len(placed) == ENOUGH:
                    busy.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(kill_amid(started, busy))
            tasks.create_task(until_lost(place()))
        assert len(placed) >= ENOUGH
    async with process(tmp_path) as (_, url), trading_on_bybit(url) as client:
        later = await client.create_order(S, "limit", "buy", 0.001, 40_000)
        await found(client, later, "New")  # its turn comes after all that waited
        there = await client.fetch_open_orders(S, None, 50)
        bought = await client.fetch_my_trades(S, None, 100)
        resting, taken = set(placed[1::2]), set(placed[::2])
        assert resting <= {order["id"] for order in there}
        assert taken <= {trade["order"] for trade in bought}
        # One may have been accepted and not answered.
        assert len(there) + len({trade["order"] for trade in bought}) <= len(placed) + 2
        used = (await client.fetch_balance())["USDT"]["used"]
        assert used == pytest.approx(40 * len(there))
        assert int(later["id"]) > max(map(int, placed))


async def kill_amid(started: asyncio.subprocess.Process, busy: asyncio.Event) -> None:
    await busy.wait()
    await asyncio.sleep(0.01)  # into the middle of some request
    os.kill(started.pid, signal.SIGKILL)


async def until_lost(trader: Awaitable[None]) -> None:
    with pytest.raises(NetworkError):
        await trader


async def test_asked_to_stop_it_finishes_and_answers_zero(tmp_path: Path) -> None:
    async with process(tmp_path) as (started, url), trading(url) as client:
        await client.create_order(S, "limit", "buy", 0.001, 40_000)
        stream = f"{url}/binance/stream/ws/btcusdt@trade"
        async with aiohttp.ClientSession() as session, session.ws_connect(stream):
            started.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                assert await started.wait() == 0
    kinds = [entry["kind"] for entry in journal.read(tmp_path / "paper" / "journal.jsonl")]
    assert "order" in kinds
    assert kinds[-1] == "position"


async def test_no_file_holds_a_key_or_can_be_read_by_others(tmp_path: Path) -> None:
    async with process(tmp_path) as (_, url), aiohttp.ClientSession() as session:
        key = {"api_key": "the-public-part", "api_secret": "the-secret-part"}
        async with session.post(f"{url}/paper/keys", json=key) as answer:
            assert "the-secret-part" not in await answer.text()
        async with trading(url, "the-public-part", "the-secret-part") as client:
            await client.create_order(S, "limit", "buy", 0.001, 40_000)
    for file in (tmp_path / "paper").iterdir():
        assert file.stat().st_mode & 0o077 == 0
        assert "the-public-part" not in file.read_text()
    assert "the-secret-part" not in (tmp_path / "paper" / "journal.jsonl").read_text()
    async with (
        process(tmp_path) as (_, url),
        trading(url, "the-public-part", "the-secret-part") as client,
    ):
        assert len(await client.fetch_open_orders(S)) == 1
