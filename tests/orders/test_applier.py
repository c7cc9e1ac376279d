from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.orders.world import SYMBOL, World
from tradingbot.exchanges.ports import OrderReport
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus, Side

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


def changed(report: OrderReport, trade: dict[str, Any], **changes: Any) -> OrderReport:
    """Another report, whose one trade is another as well."""
    [told] = report.trades
    return replace(report, trades=(replace(told, **trade),), **changes)


@pytest.mark.parametrize(
    ("trade", "changes"),
    [
        ({}, {"side": Side.SELL}),
        ({}, {"quantity": D(5)}),
        ({}, {"filled_quantity": D(-1)}),
        ({}, {"filled_quantity": D("NaN")}),
        ({}, {"exchange_order_id": "999"}),
        ({"trade_id": "x", "quantity": D("0.02")}, {}),
        ({"trade_id": "x", "price": D(0)}, {}),
        ({"price": D(1)}, {}),
        ({"quantity": D("0.001")}, {}),
    ],
)
async def test_a_report_that_cannot_be_true_is_set_aside_and_nothing_of_it_applied(
    world: World, trade: dict[str, Any], changes: dict[str, Any]
) -> None:
    order = await world.placed()
    first, _ = await reports(world, order)
    await world.applier.apply(world.account_id, first)
    before = await world.now(order)

    applied = await world.applier.apply(world.account_id, changed(first, trade, **changes))

    assert applied is not None
    assert applied.contradicted
    assert await world.now(order) == before
    assert await world.fills() == [D("0.004")]
    [finding] = await world.quarantined()
    assert (finding.kind, finding.subject) == ("contradiction", order.client_order_id)
    assert (await world.event_types())[-1] == "account_warning"


async def test_two_trades_that_come_to_more_than_was_ordered_are_not_both_counted(
    world: World,
) -> None:
    order = await world.placed()
    first, _ = await reports(world, order)
    trade = {"trade_id": "x", "quantity": D("0.007")}

    await world.applier.apply(world.account_id, first)
    more = changed(first, trade, filled_quantity=D("0.007"))
    await world.applier.apply(world.account_id, more)

    assert await world.fills() == [D("0.004")]
    assert (await world.now(order)).filled_quantity == D("0.004")
    assert len(await world.quarantined()) == 1


async def test_a_trade_cannot_be_one_orders_and_anothers(world: World) -> None:
    one = await world.placed()
    first, _ = await reports(world, one)
    await world.applier.apply(world.account_id, first)
    world.exchange.move(SYMBOL, D(60_000))
    other = await world.placed(slot="grid:02:buy")
    assert other.exchange_order_id is not None
    [trade] = first.trades
    stolen = replace(
        first,
        client_order_id=other.client_order_id,
        exchange_order_id=other.exchange_order_id,
        trades=(replace(trade, exchange_order_id=other.exchange_order_id),),
    )

    await world.applier.apply(world.account_id, stolen)

    assert (await world.now(other)).filled_quantity == 0
    assert await world.fills() == [D("0.004")]


async def test_two_orders_of_an_account_that_met_share_the_id_of_their_trade(
    world: World,
) -> None:
    buy = await world.placed()
    bought, _ = await reports(world, buy)
    sell = await world.placed(slot="grid:02:sell", side=Side.SELL, price=D(60_000))
    number = str(sell.exchange_order_id)
    sold = changed(
        replace(bought, side=None, price=None, exchange_order_id=number),
        {"side": Side.SELL, "exchange_order_id": number},
        client_order_id=sell.client_order_id,
    )

    for report in (bought, sold, bought, sold):
        await world.applier.apply(world.account_id, report)

    assert await world.quarantined() == []
    assert await world.fills() == [D("0.004"), D("0.004")]


async def test_a_total_that_went_down_is_old_news(world: World) -> None:
    order = await world.placed()
    first, second = await reports(world, order)
    await world.executor.take_in(world.account_id, second)

    await world.applier.apply(world.account_id, first)

    assert (await world.now(order)).status is OrderStatus.FILLED
    assert await world.quarantined() == []


async def test_an_order_on_the_exchange_that_was_never_sent_is_adopted_and_the_account_held(
    world: World,
) -> None:
    order = await world.placed()
    first, _ = await reports(world, order)
    await world.forget_sending(order)

    await world.executor.take_in(world.account_id, first)

    order = await world.now(order)
    assert (order.status, order.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, D("0.004"))
    [finding] = await world.quarantined()
    assert finding.kind == "lost_record"
    assert await world.held_reason() == finding.why
