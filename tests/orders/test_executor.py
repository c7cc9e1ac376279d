import asyncio
from decimal import Decimal

from tests.fake_manners import Fault
from tests.orders.world import World
from tradingbot.orders.executor import attempt
from tradingbot.trading.event import OrderCancelled, OrderFilled, OrderRefused
from tradingbot.trading.order import OrderStatus, OrderType

D = Decimal
S = OrderStatus


async def test_a_placed_order_rests_on_the_exchange_under_our_own_id(world: World) -> None:
    order = await world.placed()

    assert order.status is S.OPEN
    assert [post.client_order_id for post in world.exchange.posts] == [order.client_order_id]
    assert order.exchange_order_id is not None
    assert await world.event_types() == ["order_placed"]


async def test_the_signing_time_is_committed_before_the_order_is_sent(world: World) -> None:
    order = await world.placed()

    assert order.sign_timestamp_ms == world.exchange.posts[0].sign_timestamp_ms
    assert order.recv_window_ms == 5000


async def test_the_signing_time_is_told_by_the_exchanges_clock(world: World) -> None:
    world.exchange.offset_ms = 40_000

    assert (await world.placed()).status is S.OPEN


async def test_of_many_who_try_one_sends_it(world: World) -> None:
    order = await world.plan()

    await asyncio.gather(*(world.executor.place(order) for _ in range(4)))

    assert len(world.exchange.posts) == 1


async def test_what_is_asked_for_twice_is_planned_once(world: World) -> None:
    await world.plan(slot="grid:03:buy", round_=2)

    assert await world.plan_again(slot="grid:03:buy", round_=2) == []
    assert len(await world.plan_again(slot="grid:03:buy", round_=3)) == 1


async def test_an_order_filled_at_once_tells_its_money_to_the_last_digit(world: World) -> None:
    order = await world.placed(type=OrderType.MARKET, price=None, quantity=D("0.01234"))

    assert (order.status, order.filled_quantity) == (S.FILLED, D("0.01234"))
    assert order.filled_cost == D("0.01234") * 60_000
    assert (order.fee, order.fee_currency) == (D("0.01234") * D("0.001"), "BTC")
    [ending] = world.ear.endings
    assert isinstance(ending, OrderFilled)
    assert ending.execution.received_base == D("0.01234") * D("0.999")
    assert await world.event_types() == ["order_placed", "order_filled"]


async def test_a_definite_no_ends_the_order_and_says_why(world: World) -> None:
    order = await world.placed(quantity=D(100))

    assert (order.status, order.code) == (S.REJECTED, "insufficient_funds")
    [ending] = world.ear.endings
    assert isinstance(ending, OrderRefused)
    assert ending.code == "insufficient_funds"


async def test_a_lost_answer_leaves_the_order_sending_and_nothing_is_sent_again(
    world: World,
) -> None:
    world.exchange.fail_next(Fault.LOST_AFTER)
    order = await world.placed()
    assert order.status is S.SENDING

    await attempt(world.executor, order)

    assert (await world.now(order)).status is S.OPEN
    assert len(world.exchange.posts) == 1


async def test_a_cancel_before_sending_never_reaches_the_exchange(world: World) -> None:
    order = await world.asked_to_cancel(await world.plan())

    await attempt(world.executor, order)

    assert (await world.now(order)).status is S.CANCELLED
    await world.executor.place(order)
    assert world.exchange.posts == []


async def test_a_cancel_that_meets_an_order_being_sent_leaves_it_to_the_answer(
    world: World,
) -> None:
    world.exchange.fail_next(Fault.LOST_AFTER)
    planned = await world.plan()
    await world.executor.place(planned)

    # Somebody who still believes that it is only planned:
    assert await world.applier.drop(planned.id) is None
    assert (await world.now(planned)).status is S.SENDING


async def test_cancelling_ends_it_with_what_was_filled(world: World) -> None:
    order = await world.placed()
    world.exchange.move("BTC/USDT", D(50_000), D("0.004"))

    await attempt(world.executor, await world.asked_to_cancel(order))

    order = await world.now(order)
    assert (order.status, order.filled_quantity) == (S.CANCELLED, D("0.004"))
    [ending] = world.ear.endings
    assert isinstance(ending, OrderCancelled)
    assert ending.execution.quantity == D("0.004")


async def test_a_cancel_that_comes_too_late_finds_the_order_filled(world: World) -> None:
    order = await world.placed()
    world.exchange.move("BTC/USDT", D(49_000))

    await attempt(world.executor, await world.asked_to_cancel(order))

    assert (await world.now(order)).status is S.FILLED


async def test_an_exchange_that_is_away_leaves_the_order_planned(world: World) -> None:
    order = await world.plan()
    world.exchange.unreachable = True

    await attempt(world.executor, order)

    assert (await world.now(order)).status is S.PLANNED
