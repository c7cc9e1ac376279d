"""What every implementation's user stream tells."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.contracts.worlds import SYMBOL, World
from tradingbot.exchanges.ports import (
    AccountNews,
    BalancesChanged,
    OrderReport,
    Refused,
    Session,
    StreamOpened,
    Trade,
)
from tradingbot.trading.order import TERMINAL, OrderStatus, OrderType

pytestmark = pytest.mark.anyio

BURST = 50


async def reports(
    news: AsyncIterator[AccountNews], enough: Callable[[list[OrderReport]], bool]
) -> list[OrderReport]:
    """What is told of orders, until it is enough."""
    found: list[OrderReport] = []
    async with asyncio.timeout(10):
        while not enough(found):
            item = await anext(news)
            if isinstance(item, OrderReport):
                found.append(item)
    return found


def ends_as(status: OrderStatus) -> Callable[[list[OrderReport]], bool]:
    return lambda told: bool(told) and told[-1].status is status


def fills(told: list[OrderReport]) -> dict[str, Trade]:
    return {trade.trade_id: trade for report in told for trade in report.trades}


async def opened(session: Session) -> AsyncGenerator[AccountNews]:
    news = session.news()
    async with asyncio.timeout(10):
        assert await anext(news) == StreamOpened()
    return news


async def test_an_order_is_told_from_its_first_moment_to_its_last(world: World) -> None:
    session, request = world.session(), world.order()
    async with aclosing(await opened(session)) as news:
        placed = await world.placed(request)
        told = await reports(news, ends_as(OrderStatus.OPEN))
        await session.cancel(SYMBOL, placed.exchange_order_id)
        told += await reports(news, ends_as(OrderStatus.CANCELLED))
    assert [report.status for report in told] == [OrderStatus.OPEN, OrderStatus.CANCELLED]
    assert {report.client_order_id for report in told} == {request.client_order_id}
    assert {report.exchange_order_id for report in told} == {placed.exchange_order_id}
    assert {(row.side, row.quantity, row.price) for row in told} == {
        (request.side, request.quantity, request.price)
    }


async def test_a_burst_of_fifty_fills_is_fifty_trades(world: World) -> None:
    """In reports of their own or with the order's state; the totals only ever grow."""
    session, cost = world.session(), Decimal("0.05") * 50_000
    async with aclosing(await opened(session)) as news:
        placed = await world.placed(world.order(quantity=Decimal("0.05")))
        for _ in range(BURST):
            world.move("50000", "0.001")
        await asyncio.sleep(0.2)  # nobody listens while they come
        told = await reports(
            news, lambda so_far: len(fills(so_far)) == BURST and so_far[-1].filled_cost == cost
        )
    trades = fills(told).values()
    assert sum(trade.quantity for trade in trades) == Decimal("0.05")
    assert [report.filled_quantity for report in told if report.trades] == [
        Decimal("0.001") * count for count in range(1, BURST + 1)
    ]
    totals = [report.filled_quantity for report in told]
    assert totals == sorted(totals)
    assert told[-1].status is OrderStatus.FILLED
    listed = await session.trades_of(SYMBOL, placed.exchange_order_id)
    assert [replace(trade, at=told[-1].at) for trade in listed] == [
        replace(trade, at=told[-1].at) for trade in trades
    ]


async def test_what_is_taken_and_refused_afterwards_is_told_with_its_reason(world: World) -> None:
    session = world.session()
    request = world.order(type=OrderType.LIMIT_MAKER, price=Decimal(60_100))
    async with aclosing(await opened(session)) as news:
        answer = await session.place(request)
        if isinstance(answer, Refused):  # at once: then there is nothing to tell
            assert answer.code == "would_match"
            return
        told = await reports(news, lambda so_far: bool(so_far) and so_far[-1].status in TERMINAL)
    assert (told[-1].client_order_id, told[-1].reason) == (request.client_order_id, "would_match")
    assert told[-1].filled_quantity == 0


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
        first = (await reports(news, bool))[0]
    assert first.client_order_id == mine.client_order_id
