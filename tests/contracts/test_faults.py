"""The exchange in memory fails as it is told: the order path is tested against these failures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contracts.worlds import IN_MEMORY, SYMBOL, World
from tests.fake_manners import Fault, Manner
from tests.fakes import FakeClock, FakeExchange
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import (
    Accepted,
    OrderReport,
    OrderRequest,
    Refused,
    StreamOpened,
    Unclear,
)
from tradingbot.trading.order import OrderStatus, OrderType

pytestmark = pytest.mark.anyio


@pytest.fixture(params=IN_MEMORY)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with IN_MEMORY[request.param](tmp_path) as world:
        yield world


def exchange_of(world: World) -> FakeExchange:
    assert isinstance(world.exchanges, FakeExchange)
    return world.exchanges


async def found(world: World, request: OrderRequest) -> OrderReport | None:
    """Of what has arrived, whatever the exchange had still to decide."""
    exchange_of(world).decide()
    return await world.session().find(SYMBOL, request.client_order_id)


@pytest.mark.parametrize(("fault", "arrives"), [("lost_before", False), ("lost_after", True)])
async def test_a_lost_answer_is_unclear_whether_the_order_arrived_or_not(
    world: World, fault: str, *, arrives: bool
) -> None:
    exchange_of(world).fail_next(Fault(fault))
    request = world.order()
    assert isinstance(await world.session().place(request), Unclear)
    assert (await found(world, request) is not None) == arrives
    assert isinstance(await world.session().place(world.order()), Accepted)


@pytest.mark.parametrize(("seconds", "kind"), [(4, Accepted), (6, Refused)])
async def test_an_order_that_arrives_late_meets_the_fence(
    world: World, seconds: int, kind: type
) -> None:
    exchange = exchange_of(world)
    exchange.fail_next(Fault.LATE)
    request = world.order()
    assert isinstance(await world.session().place(request), Unclear)
    assert await found(world, request) is None
    assert isinstance(world.clock, FakeClock)
    world.clock.advance(seconds)
    (answer,) = exchange.deliver()
    assert isinstance(answer, kind)
    assert (await found(world, request) is not None) == (kind is Accepted)


async def test_who_is_killed_after_sending_has_sent(world: World) -> None:
    exchange_of(world).fail_next(Fault.KILLED_AFTER)
    request = world.order()
    with pytest.raises(asyncio.CancelledError):
        await world.session().place(request)
    assert exchange_of(world).posts == [request]
    assert await found(world, request) is not None


async def test_what_happens_while_a_stream_is_cut_is_not_told_later(world: World) -> None:
    async with aclosing(world.session().news()) as news:
        assert await anext(news) == StreamOpened()
        exchange_of(world).cut_streams()
        await world.session().place(world.order())
        exchange_of(world).decide()
        assert await anext(news) == StreamOpened()
        later = world.order(quantity=Decimal("0.02"))
        await world.session().place(later)
        told = await anext(news)
        assert isinstance(told, OrderReport)
        assert told.client_order_id == later.client_order_id


async def test_an_unreachable_exchange_answers_nothing(world: World) -> None:
    exchange_of(world).unreachable = True
    assert isinstance(await world.session().place(world.order()), Unclear)
    assert exchange_of(world).posts == []
    for question in (world.session().balances, world.market_data.markets):
        with pytest.raises(ExchangeUnreachable):
            await question()


def acknowledging() -> World:
    exchange = FakeExchange(manner=Manner.ACKNOWLEDGES)
    return World(exchange.manner, exchange, exchange.clock, lambda *_: None)


async def test_what_is_acknowledged_is_nowhere_to_be_seen_until_it_is_decided() -> None:
    world = acknowledging()
    session, request = world.session(), world.order(type=OrderType.MARKET, price=None)
    answer = await session.place(request)
    assert isinstance(answer, Accepted)
    assert (answer.report.status, answer.report.quantity) == (OrderStatus.OPEN, None)
    assert await session.find(SYMBOL, request.client_order_id) is None
    decided = await found(world, request)
    assert decided is not None
    assert decided.status is OrderStatus.FILLED


async def test_a_cancel_is_acknowledged_too_and_may_come_too_late() -> None:
    world = acknowledging()
    session, exchange = world.session(), exchange_of(world)
    request = world.order()
    placed = await world.placed(request)
    after = await session.cancel(SYMBOL, placed.exchange_order_id)
    assert after is not None
    assert after.status is OrderStatus.OPEN
    exchange.move(SYMBOL, Decimal(50_000))
    ended = await found(world, request)
    assert ended is not None
    assert ended.status is OrderStatus.FILLED


async def test_money_that_is_gone_when_its_turn_comes_refuses_what_was_acknowledged() -> None:
    world = acknowledging()
    one, other = (world.order(quantity=Decimal("1.5")) for _ in range(2))
    for request in (one, other):
        assert isinstance(await world.session().place(request), Accepted)
    decided = [await found(world, request) for request in (one, other)]
    assert [(report.status, report.reason) for report in decided if report is not None] == [
        (OrderStatus.OPEN, ""),
        (OrderStatus.REJECTED, "insufficient_funds"),
    ]


async def test_an_id_once_used_is_used_for_ever() -> None:
    world = acknowledging()
    request = world.order(type=OrderType.MARKET, price=None)
    await world.placed(request)
    again = await world.session().place(request)
    assert isinstance(again, Unclear)
    assert again.duplicate
