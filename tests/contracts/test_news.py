"""What every implementation's user stream tells."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.contracts.worlds import SYMBOL, World
from tradingbot.exchanges.ports import (
    Accepted,
    AccountNews,
    BalancesChanged,
    OrderReport,
    Session,
    StreamOpened,
)
from tradingbot.trading.order import OrderStatus

pytestmark = pytest.mark.anyio

BURST = 50


async def reports(news: AsyncIterator[AccountNews], count: int) -> list[OrderReport]:
    found: list[OrderReport] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            item = await anext(news)
            if isinstance(item, OrderReport):
                found.append(item)
    return found


async def opened(session: Session) -> AsyncGenerator[AccountNews]:
    news = session.news()
    async with asyncio.timeout(10):
        assert await anext(news) == StreamOpened()
    return news


async def test_an_order_is_told_from_its_first_moment_to_its_last(world: World) -> None:
    session, request = world.session(), world.order()
    async with aclosing(await opened(session)) as news:
        answer = await session.place(request)
        assert isinstance(answer, Accepted)
        await session.cancel(SYMBOL, answer.report.exchange_order_id)
        first, last = await reports(news, 2)
    assert [first.status, last.status] == [OrderStatus.OPEN, OrderStatus.CANCELLED]
    assert {first.client_order_id, last.client_order_id} == {request.client_order_id}
    assert {first.exchange_order_id, last.exchange_order_id} == {answer.report.exchange_order_id}


async def test_a_burst_of_fifty_fills_is_fifty_trades(world: World) -> None:
    session = world.session()
    async with aclosing(await opened(session)) as news:
        answer = await session.place(world.order(quantity=Decimal("0.05")))
        assert isinstance(answer, Accepted)
        for _ in range(BURST):
            world.move("50000", "0.001")
        await asyncio.sleep(0.2)  # nobody listens while they come
        told = await reports(news, BURST + 1)
    trades = [trade for report in told for trade in report.trades]
    assert len({trade.trade_id for trade in trades}) == BURST
    assert sum(trade.quantity for trade in trades) == Decimal("0.05")
    assert [report.filled_quantity for report in told] == [
        Decimal("0.001") * count for count in range(BURST + 1)
    ]
    assert told[-1].status is OrderStatus.FILLED
    assert told[-1].filled_cost == sum(trade.quantity * trade.price for trade in trades)
    listed = await session.trades_of(SYMBOL, answer.report.exchange_order_id)
    assert [replace(trade, at=told[-1].at) for trade in listed] == [
        replace(trade, at=told[-1].at) for trade in trades
    ]


async def test_balances_are_told_as_they_change(world: World) -> None:
    session = world.session()
    async with aclosing(await opened(session)) as news:
        await session.place(world.order())
        async with asyncio.timeout(10):
            while not isinstance(item := await anext(news), BalancesChanged):
                pass
    assert item.balances["USDT"].locked == 500


async def test_a_stream_tells_only_its_own_account(world: World) -> None:
    async with aclosing(await opened(world.session(1))) as news:
        await world.session(2).place(world.order())
        mine = world.order()
        await world.session(1).place(mine)
        (first,) = await reports(news, 1)
    assert first.client_order_id == mine.client_order_id
