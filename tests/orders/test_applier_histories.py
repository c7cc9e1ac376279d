"""However news is shuffled, doubled and lost, an order never goes back and ends where it should."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.orders.world import SYMBOL, World
from tradingbot.exchanges.ports import OrderReport
from tradingbot.orders.models import Order
from tradingbot.trading.order import TERMINAL, OrderStatus, may_move

pytestmark = pytest.mark.anyio

D = Decimal
STEP = D("0.001")
PARTS = 10
NUMBERS = itertools.count()


@dataclass(frozen=True)
class History:
    """What happens to an order of ten parts, and which of the reports arrive, in which order."""

    fills: Sequence[int]
    cancelled: bool
    heard: Sequence[int]
    bare: frozenset[int]  # those of them that came without their trade


@st.composite
def histories(draw: st.DrawFn) -> History:
    fills = draw(st.lists(st.integers(1, 4), max_size=4).filter(lambda f: sum(f) <= PARTS))
    cancelled = sum(fills) < PARTS and draw(st.booleans())
    reports = 1 + len(fills) + cancelled
    heard = draw(st.lists(st.integers(0, reports - 1), max_size=2 * reports))
    bare = draw(st.frozensets(st.sampled_from(range(reports))))
    return History(fills, cancelled, heard, bare)


async def told(world: World, order: Order, history: History) -> list[OrderReport]:
    """One report for each thing that happened, as the stream would tell it."""
    session = world.exchange.session(await world.executor._sessions._credentials(world.account_id))

    async def report(trades: int) -> OrderReport:
        found = await session.find(SYMBOL, order.client_order_id)
        assert found is not None
        all_trades = await session.trades_of(SYMBOL, found.exchange_order_id)
        return replace(found, trades=tuple(all_trades[len(all_trades) - trades :]))

    reports = [await report(0)]
    for part in history.fills:
        world.exchange.move(SYMBOL, D(50_000), part * STEP)
        reports.append(await report(1))
    if history.cancelled:
        assert order.exchange_order_id is not None
        await session.cancel(SYMBOL, order.exchange_order_id)
        reports.append(await report(0))
    return [
        replace(each, trades=()) if number in history.bare else each
        for number, each in enumerate(reports)
    ]


@given(history=histories())
@settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_an_order_only_goes_forward_and_ends_where_the_exchange_has_it(
    world: World, history: History
) -> None:
    world.exchange.move(SYMBOL, D(60_000))
    order = await world.placed(slot=f"grid:{next(NUMBERS):03}:buy", quantity=PARTS * STEP)
    reports = await told(world, order, history)
    endings = len(world.ear.endings)

    before = order
    for number in history.heard:
        await world.applier.apply(world.account_id, reports[number])
        after = await world.now(order)
        assert may_move(before.status, after.status)
        assert before.filled_quantity <= after.filled_quantity <= PARTS * STEP
        assert after.filled_quantity == await counted(world, order)
        if after.status in TERMINAL:
            assert after.filled_quantity == sum(history.fills) * STEP
        before = after

    await world.executor.look_up(order)
    end = await world.now(order)
    assert end.filled_quantity == await counted(world, order) == sum(history.fills) * STEP
    assert end.status is expected(history)
    assert len(world.ear.endings) - endings == (end.status in TERMINAL)
    # So that the next history meets no order of this one.
    await world.executor.cancel(end)


async def counted(world: World, order: Order) -> Decimal:
    async with world.database.driving() as driver:
        query = "SELECT coalesce(sum(quantity), 0) FROM fills WHERE order_id = $1"
        row = await driver.fetchrow(query, order.id)
    assert row is not None
    return Decimal(row[0])


def expected(history: History) -> OrderStatus:
    if sum(history.fills) == PARTS:
        return OrderStatus.FILLED
    if history.cancelled:
        return OrderStatus.CANCELLED
    return OrderStatus.PARTIALLY_FILLED if history.fills else OrderStatus.OPEN
