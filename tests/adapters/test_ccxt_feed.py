"""Prices to many listeners from one socket, none of the extremes lost."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.adapters.accounts import exchanges_at
from tests.paper.market import move
from tests.paper.server import running_paper_exchange
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.adapters.ccxt_feed import BEHIND_MAX, extremes
from tradingbot.adapters.ccxt_market_data import CcxtMarketData
from tradingbot.exchanges.ports import Mode, Price
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

BTC, ETH = "BTC/USDT", "ETH/USDT"


@pytest.fixture
async def paper(tmp_path: Path) -> AsyncIterator[PaperExchange]:
    async with running_paper_exchange(tmp_path, prints_per_second=0.0) as exchange:
        yield exchange


@pytest.fixture
async def exchanges(paper: PaperExchange) -> AsyncIterator[CcxtExchanges]:
    async with exchanges_at(paper.url) as exchanges:
        yield exchanges


@pytest.fixture(params=["binance", "bybit"])
async def market_data(request: pytest.FixtureRequest, exchanges: CcxtExchanges) -> CcxtMarketData:
    return exchanges.market_data(request.param, Mode.PAPER)


async def next_price(prices: AsyncIterator[Price]) -> Decimal:
    async with asyncio.timeout(10):
        return (await anext(prices)).price


@given(some.lists(some.integers(1, 100), min_size=1))
def test_of_what_is_left_out_the_extremes_and_the_last_remain(amounts: list[int]) -> None:
    kept = [int(row.price) for row in extremes(deque(Price(BTC, Decimal(row)) for row in amounts))]
    assert (min(kept), max(kept), kept[-1]) == (min(amounts), max(amounts), amounts[-1])
    assert len(kept) <= 3


async def test_one_socket_serves_everybody_and_closes_after_the_last(
    paper: PaperExchange, market_data: CcxtMarketData
) -> None:
    feed = market_data._feed
    async with AsyncExitStack() as stack:
        listeners = [
            await stack.enter_async_context(market_data.prices(symbol))
            for symbol in (BTC, ETH, BTC, ETH)
        ]
        line = feed._line
        move(paper, BTC, "60100")
        move(paper, ETH, "3100")
        assert [await next_price(listener) for listener in listeners] == [
            Decimal(price) for price in (60100, 3100, 60100, 3100)
        ]
        assert feed._line is line
    assert feed._line is None


async def test_a_slow_listener_misses_no_extreme(
    paper: PaperExchange, market_data: CcxtMarketData
) -> None:
    async with market_data.prices(BTC) as prices:
        for step in range(BEHIND_MAX * 2):
            move(paper, BTC, str(60_000 + step % 7))
        move(paper, BTC, "70000")
        move(paper, BTC, "50000")
        for step in range(BEHIND_MAX * 2):
            move(paper, BTC, str(60_000 + step % 7))
        move(paper, BTC, "61234")
        heard = [await next_price(prices)]
        while heard[-1] != 61_234:
            heard.append(await next_price(prices))
    assert (max(heard), min(heard)) == (Decimal(70_000), Decimal(50_000))
    assert len(heard) < BEHIND_MAX * 2  # of four times as many


async def test_what_was_traded_while_the_socket_was_away_is_heard_all_the_same(
    paper: PaperExchange, market_data: CcxtMarketData
) -> None:
    async with market_data.prices(BTC) as prices:
        move(paper, BTC, "60100")
        assert await next_price(prices) == 60_100
        line = market_data._feed._line
        assert line is not None
        await line.close()
        move(paper, BTC, "70000")
        move(paper, BTC, "60200")
        heard = [await next_price(prices)]
        while heard[-1] != 60_200:
            heard.append(await next_price(prices))
        assert 70_000 in heard
        move(paper, BTC, "60300")
        assert await next_price(prices) == 60_300


async def test_listening_ends_when_everything_is_closed(
    exchanges: CcxtExchanges, market_data: CcxtMarketData
) -> None:
    async with market_data.prices(BTC) as prices:
        await exchanges.close()
        with pytest.raises(StopAsyncIteration):
            async with asyncio.timeout(5):
                await anext(prices)
