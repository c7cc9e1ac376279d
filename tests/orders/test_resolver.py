from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.fake_manners import Fault
from tests.fake_session import FakeSession
from tests.fakes import FakeExchange
from tests.orders.world import SYMBOL, World
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Refused
from tradingbot.orders.models import Order
from tradingbot.trading.event import OrderRefused
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus
FENCE_SECONDS = 5 + 10 + 5
PUT_OFF = "UPDATE orders SET check_after = now() + :seconds * interval '1 second' WHERE id = :id"
DUE_IN = "SELECT extract(epoch FROM check_after - now()) FROM orders WHERE id = :id"


async def sent(world: World, fault: Fault, **changes: Any) -> Order:
    world.exchange.fail_next(fault)
    order = await world.placed(**changes)
    assert order.status is S.SENDING
    return order


async def looked_for(world: World, fault: Fault, **changes: Any) -> Order:
    """Sent, and looked up in vain a first time."""
    order = await sent(world, fault, **changes)
    return await resolve(world, order)


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
    order = await looked_for(world, Fault.LOST_BEFORE)
    world.clock.advance(FENCE_SECONDS - 1)

    assert (await resolve(world, order, times=10)).status is S.SENDING


async def test_after_the_fence_three_misses_prove_that_it_was_never_placed(world: World) -> None:
    order = await looked_for(world, Fault.LOST_BEFORE)
    world.clock.advance(FENCE_SECONDS + 1)

    assert (await resolve(world, order)).status is S.SENDING
    order = await resolve(world, order)

    assert (order.status, order.code) == (S.NOT_PLACED, "not_placed")
    [ending] = world.ear.endings
    assert isinstance(ending, OrderRefused)
    assert world.exchange.posts == []  # and nothing was sent again


async def test_who_comes_anew_waits_from_then_on_whenever_the_first_look_is(world: World) -> None:
    order = await sent(world, Fault.LOST_BEFORE)
    await world.resolver.meet()
    world.clock.advance(FENCE_SECONDS + 1)

    assert (await resolve(world, order, times=3)).status is S.NOT_PLACED


async def test_who_has_not_met_an_order_waits_from_the_first_look_on(world: World) -> None:
    order = await sent(world, Fault.LOST_BEFORE)
    world.clock.advance(FENCE_SECONDS + 1)

    assert (await resolve(world, order, times=3)).status is S.SENDING


async def test_a_request_that_arrives_after_the_fence_is_refused_by_the_exchange(
    world: World,
) -> None:
    order = await looked_for(world, Fault.LATE)
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


async def test_the_last_look_must_have_begun_after_the_fence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await looked_for(world, Fault.LATE)
    await resolve(world, order)
    world.clock.advance(FENCE_SECONDS - 1)
    find = FakeSession.find

    async def slow(self: FakeSession, symbol: str, client_order_id: str) -> Any:
        report = await find(self, symbol, client_order_id)
        world.clock.advance(5)  # the answer is from before the fence, its arrival is not
        return report

    monkeypatch.setattr(FakeSession, "find", slow)
    assert (await resolve(world, order)).status is S.SENDING
    assert (await resolve(world, order)).status is S.NOT_PLACED


async def test_an_exchanges_clock_that_jumps_proves_nothing(world: World) -> None:
    order = await looked_for(world, Fault.LATE)
    world.exchange.offset_ms = 60_000

    assert (await resolve(world, order, times=5)).status is S.SENDING


async def test_a_clock_that_is_not_known_proves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await looked_for(world, Fault.LOST_BEFORE)
    world.clock.advance(FENCE_SECONDS + 1)

    async def unknown(_: FakeExchange) -> int:
        raise ExchangeUnreachable("its clock is not known")

    monkeypatch.setattr(FakeExchange, "clock_offset_ms", unknown)
    for _ in range(5):
        with pytest.raises(ExchangeUnreachable):
            await world.resolver.resolve(await world.now(order))


async def not_found(*_: Any) -> None:
    """A look-up that does not see what is there."""


@pytest.mark.parametrize("over", [False, True])
async def test_what_another_source_shows_is_taken_in_though_look_ups_miss_it(
    world: World, monkeypatch: pytest.MonkeyPatch, *, over: bool
) -> None:
    order = await sent(world, Fault.LOST_AFTER)
    monkeypatch.setattr(FakeSession, "find", not_found)
    await resolve(world, order)
    if over:
        world.exchange.move(SYMBOL, D(50_000))
    world.clock.advance(FENCE_SECONDS + 1)

    order = await resolve(world, order, times=3)

    assert order.status is (S.FILLED if over else S.OPEN)


async def test_what_told_something_impossible_is_not_thought_absent(world: World) -> None:
    order = await looked_for(world, Fault.LOST_BEFORE)
    world.exchange.fail_next(Fault.LOST_AFTER)
    other = await world.placed(slot="grid:02:buy")
    report = await (await world.session()).find(SYMBOL, other.client_order_id)
    assert report is not None
    lie = replace(report, client_order_id=order.client_order_id, quantity=D(9))
    await world.applier.apply(world.account_id, lie)
    world.clock.advance(FENCE_SECONDS + 1)

    assert (await resolve(world, order, times=3)).status is S.SENDING


async def test_one_look_elsewhere_serves_all_that_were_sent_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [
        await looked_for(world, Fault.LOST_BEFORE, slot=f"grid:{number:02}:buy")
        for number in range(5)
    ]
    world.clock.advance(FENCE_SECONDS + 1)
    asked: list[str | None] = []
    listed = FakeSession.open_orders

    async def counted(self: FakeSession, symbol: str | None = None) -> Any:
        asked.append(symbol)
        return await listed(self, symbol)

    monkeypatch.setattr(FakeSession, "open_orders", counted)
    late = await looked_for(world, Fault.LOST_BEFORE, slot="grid:09:buy")

    assert {(await resolve(world, order, times=2)).status for order in lost} == {S.NOT_PLACED}
    assert asked == [SYMBOL]
    world.clock.advance(FENCE_SECONDS + 1)
    assert (await resolve(world, late, times=2)).status is S.NOT_PLACED
    assert asked == [SYMBOL] * 2


async def test_one_look_elsewhere_goes_back_to_the_first_that_was_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = []
    for number in range(3):
        lost.append(await looked_for(world, Fault.LOST_BEFORE, slot=f"grid:{number:02}:buy"))
        world.clock.advance(1)
    world.clock.advance(FENCE_SECONDS + 1)
    looked = 0
    listed = FakeSession.open_orders

    async def counted(self: FakeSession, symbol: str | None = None) -> Any:
        nonlocal looked
        looked += 1
        return await listed(self, symbol)

    monkeypatch.setattr(FakeSession, "open_orders", counted)
    for order in reversed(lost):
        assert (await resolve(world, order, times=2)).status is S.NOT_PLACED
    assert looked == 1


async def test_the_next_look_is_as_soon_as_it_can_prove_something(world: World) -> None:
    order = await looked_for(world, Fault.LOST_BEFORE)
    await resolve(world, order)
    await put_off(world, order, 5)
    world.clock.advance(FENCE_SECONDS - 2)

    await resolve(world, order)
    assert 1 < await due_in(world, order) < 2.1

    world.clock.advance(-10)
    await put_off(world, order, 5)
    await resolve(world, order)
    assert 4 < await due_in(world, order) <= 5


async def test_who_was_asked_often_enough_is_not_asked_again_before_it_can_prove_something(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await looked_for(world, Fault.LOST_BEFORE)
    await resolve(world, order, times=3)
    asked = 0
    find = FakeSession.find

    async def counted(self: FakeSession, symbol: str, client_order_id: str) -> Any:
        nonlocal asked
        asked += 1
        return await find(self, symbol, client_order_id)

    monkeypatch.setattr(FakeSession, "find", counted)
    world.clock.advance(9)  # it may be late
    await resolve(world, order)
    assert asked == 1
    world.clock.advance(2)
    await resolve(world, order)
    assert asked == 1
    world.exchange.offset_ms = -60_000  # its clock jumped back: who knows when it is right again
    world.clock.advance(10)
    await resolve(world, order)
    assert asked == 2
    world.exchange.offset_ms = 0
    assert (await resolve(world, order)).status is S.NOT_PLACED
    assert asked == 3


async def put_off(world: World, order: Order, seconds: int) -> None:
    """As the sweep that took it has done."""
    async with world.database.begin() as connection:
        await connection.execute(text(PUT_OFF), {"id": order.id, "seconds": seconds})


async def due_in(world: World, order: Order) -> float:
    async with world.database.begin() as connection:
        return float((await connection.execute(text(DUE_IN), {"id": order.id})).scalar_one())


async def test_an_order_the_exchange_says_it_has_is_looked_up_at_once(world: World) -> None:
    first = await world.placed()
    twin = await world.plan(slot="grid:02:buy", client_order_id=first.client_order_id + "x")
    world.exchange.account(world.account_id).orders[0].request = replace(
        world.exchange.posts[0], client_order_id=twin.client_order_id
    )

    await world.executor.place(twin)

    assert (await world.now(twin)).status is S.OPEN


async def test_an_order_proven_absent_and_seen_later_all_the_same_is_adopted(
    world: World,
) -> None:
    order = await looked_for(world, Fault.LATE)
    world.clock.advance(FENCE_SECONDS + 1)
    await resolve(world, order, times=3)
    world.clock.advance(-FENCE_SECONDS)  # an exchange whose clock is not what it told us

    world.exchange.deliver()
    await world.executor.look_up(order)

    assert (await world.now(order)).status is S.OPEN


async def test_an_answer_about_another_order_is_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await world.placed()
    order = await looked_for(world, Fault.LOST_BEFORE, slot="grid:02:buy")
    find = FakeSession.find

    async def the_first_of_all(self: FakeSession, symbol: str, _: str) -> Any:
        return await find(self, symbol, other.client_order_id)

    monkeypatch.setattr(FakeSession, "find", the_first_of_all)
    with pytest.raises(ExchangeUnreachable, match="another order"):
        await world.resolver.resolve(order)

    assert (await world.now(order)).lookups_missed == 1
