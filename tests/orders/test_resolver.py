from decimal import Decimal

import pytest

from tests.fakes import Fault
from tests.orders.world import World
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Refused
from tradingbot.orders.models import Order
from tradingbot.trading.event import OrderRefused
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus
FENCE_SECONDS = 5 + 10 + 5


async def sent(world: World, fault: Fault) -> Order:
    world.exchange.fail_next(fault)
    order = await world.placed()
    assert order.status is S.SENDING
    return order


async def resolve(world: World, order: Order, times: int = 1) -> Order:
    for _ in range(times):
        order = await world.now(order)
        if order.status is S.SENDING:
            await world.resolver.resolve(order)
    return await world.now(order)


async def test_what_arrived_is_found(world: World) -> None:
    order = await sent(world, Fault.LOST_AFTER)

    assert (await resolve(world, order)).status is S.OPEN


async def test_nothing_is_concluded_while_the_exchange_could_still_accept_it(
    world: World,
) -> None:
    order = await sent(world, Fault.LOST_BEFORE)
    world.clock.advance(FENCE_SECONDS - 1)

    assert (await resolve(world, order, times=10)).status is S.SENDING


async def test_after_the_fence_three_misses_prove_that_it_was_never_placed(world: World) -> None:
    order = await sent(world, Fault.LOST_BEFORE)
    world.clock.advance(FENCE_SECONDS + 1)

    assert (await resolve(world, order, times=2)).status is S.SENDING
    order = await resolve(world, order)

    assert (order.status, order.code) == (S.NOT_PLACED, "not_placed")
    [ending] = world.ear.endings
    assert isinstance(ending, OrderRefused)
    assert world.exchange.posts == []  # and nothing was sent again


async def test_a_request_that_arrives_after_the_fence_is_refused_by_the_exchange(
    world: World,
) -> None:
    order = await sent(world, Fault.LATE)
    world.clock.advance(FENCE_SECONDS + 1)
    await resolve(world, order, times=3)

    [answer] = world.exchange.deliver()

    assert isinstance(answer, Refused)
    assert answer.code == "stale_timestamp"


async def test_a_request_that_arrives_late_but_in_time_is_found(world: World) -> None:
    order = await sent(world, Fault.LATE)
    world.clock.advance(4)
    await resolve(world, order, times=5)
    world.exchange.deliver()

    assert (await resolve(world, order)).status is S.OPEN


async def test_an_exchange_that_does_not_answer_teaches_nothing(world: World) -> None:
    order = await sent(world, Fault.LOST_BEFORE)
    world.clock.advance(FENCE_SECONDS + 1)
    world.exchange.unreachable = True

    for _ in range(5):
        with pytest.raises(ExchangeUnreachable):
            await world.resolver.resolve(await world.now(order))

    assert (await world.now(order)).lookups_missed == 0


async def test_an_order_proven_absent_and_seen_later_all_the_same_is_adopted(
    world: World,
) -> None:
    order = await sent(world, Fault.LATE)
    world.clock.advance(FENCE_SECONDS + 1)
    await resolve(world, order, times=3)
    world.clock.advance(-FENCE_SECONDS)  # an exchange whose clock is not what it told us

    world.exchange.deliver()
    await world.executor.look_up(order)

    assert (await world.now(order)).status is S.OPEN
