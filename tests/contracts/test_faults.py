"""The exchange in memory fails as it is told: the order path is tested against these failures."""

import asyncio
from contextlib import aclosing
from decimal import Decimal
from pathlib import Path

import pytest

from tests.contracts.worlds import SYMBOL, World, in_memory
from tests.fakes import FakeClock, FakeExchange, Fault
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Accepted, OrderReport, Refused, StreamOpened, Unclear

pytestmark = pytest.mark.anyio

NOWHERE = Path()


def exchange_of(world: World) -> FakeExchange:
    assert isinstance(world.exchanges, FakeExchange)
    return world.exchanges


@pytest.mark.parametrize(("fault", "arrives"), [("lost_before", False), ("lost_after", True)])
async def test_a_lost_answer_is_unclear_whether_the_order_arrived_or_not(
    fault: str, *, arrives: bool
) -> None:
    async with in_memory(NOWHERE) as world:
        exchange_of(world).fail_next(Fault(fault))
        request = world.order()
        assert isinstance(await world.session().place(request), Unclear)
        found = await world.session().find(SYMBOL, request.client_order_id)
        assert (found is not None) == arrives
        assert isinstance(await world.session().place(world.order()), Accepted)


@pytest.mark.parametrize(("seconds", "kind"), [(4, Accepted), (6, Refused)])
async def test_an_order_that_arrives_late_meets_the_fence(seconds: int, kind: type) -> None:
    async with in_memory(NOWHERE) as world:
        exchange = exchange_of(world)
        exchange.fail_next(Fault.LATE)
        request = world.order()
        assert isinstance(await world.session().place(request), Unclear)
        assert await world.session().find(SYMBOL, request.client_order_id) is None
        assert isinstance(world.clock, FakeClock)
        world.clock.advance(seconds)
        (answer,) = exchange.deliver()
        assert isinstance(answer, kind)


async def test_who_is_killed_after_sending_has_sent() -> None:
    async with in_memory(NOWHERE) as world:
        exchange_of(world).fail_next(Fault.KILLED_AFTER)
        request = world.order()
        with pytest.raises(asyncio.CancelledError):
            await world.session().place(request)
        assert exchange_of(world).posts == [request]
        assert await world.session().find(SYMBOL, request.client_order_id) is not None


async def test_what_happens_while_a_stream_is_cut_is_not_told_later() -> None:
    async with in_memory(NOWHERE) as world, aclosing(world.session().news()) as news:
        assert await anext(news) == StreamOpened()
        exchange_of(world).cut_streams()
        await world.session().place(world.order())
        assert await anext(news) == StreamOpened()
        later = world.order(quantity=Decimal("0.02"))
        await world.session().place(later)
        told = await anext(news)
        assert isinstance(told, OrderReport)
        assert told.client_order_id == later.client_order_id


async def test_an_unreachable_exchange_answers_nothing() -> None:
    async with in_memory(NOWHERE) as world:
        exchange_of(world).unreachable = True
        assert isinstance(await world.session().place(world.order()), Unclear)
        assert exchange_of(world).posts == []
        for question in (world.session().balances, world.market_data.markets):
            with pytest.raises(ExchangeUnreachable):
                await question()
