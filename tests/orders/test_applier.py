from dataclasses import replace
from decimal import Decimal

from tests.orders.world import SYMBOL, World
from tradingbot.exchanges.ports import OrderReport
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus

D = Decimal


async def reports(world: World, order: Order) -> list[OrderReport]:
    """Filled in two parts, as the stream would tell it: one report a part."""
    session = world.exchange.session(await world.executor._sessions._credentials(world.account_id))
    told = []
    for part in ("0.004", "0.006"):
        world.exchange.move(SYMBOL, D(50_000), D(part))
        report = await session.find(SYMBOL, order.client_order_id)
        assert report is not None
        trades = await session.trades_of(SYMBOL, report.exchange_order_id)
        told.append(replace(report, trades=tuple(trades[-1:])))
    return told


async def test_a_trade_told_three_times_counts_once(world: World) -> None:
    order = await world.placed()
    first, second = await reports(world, order)

    for report in (first, first, second, second, first):
        await world.applier.apply(world.account_id, report)

    assert await world.fills() == [D("0.004"), D("0.006")]
    assert (await world.now(order)).status is OrderStatus.FILLED
    assert len(world.ear.endings) == 1
    assert (await world.event_types()).count("order_filled") == 1


async def test_news_in_the_wrong_order_comes_to_the_same(world: World) -> None:
    order = await world.placed()
    first, second = await reports(world, order)

    await world.applier.apply(world.account_id, second)
    halfway = await world.now(order)
    await world.applier.apply(world.account_id, first)
    whole = await world.now(order)

    # The end is believed only once every fill behind it is here.
    assert (halfway.status, halfway.filled_quantity) == (
        OrderStatus.PARTIALLY_FILLED,
        D("0.006"),
    )
    assert (whole.status, whole.filled_quantity) == (OrderStatus.FILLED, D("0.01"))


async def test_fills_that_a_report_only_counts_are_fetched(world: World) -> None:
    order = await world.placed()
    _, second = await reports(world, order)

    await world.executor.take_in(world.account_id, replace(second, trades=()))

    assert await world.fills() == [D("0.004"), D("0.006")]


async def test_news_of_an_order_that_is_not_ours_changes_nothing(world: World) -> None:
    order = await world.placed()
    first, _ = await reports(world, order)
    strange = replace(first, client_order_id="x", exchange_order_id="999")

    assert await world.applier.apply(world.account_id, strange) is None
    assert await world.fills() == []


async def test_an_order_with_another_markets_number_is_not_mistaken_for_ours(
    world: World,
) -> None:
    order = await world.placed()
    first, _ = await reports(world, order)
    elsewhere = replace(first, client_order_id="x", symbol="ETH/USDT")

    assert await world.applier.apply(world.account_id, elsewhere) is None
