"""What every implementation of the exchange port does, the one in memory included."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.contracts.worlds import SYMBOL, World
from tradingbot.exchanges.errors import ExchangeUnknown
from tradingbot.exchanges.ports import (
    Accepted,
    Credentials,
    Mode,
    OrderReport,
    OrderRequest,
    Refused,
    Session,
    TradeMark,
    Unclear,
)
from tradingbot.trading.order import OrderStatus, OrderType, Side

pytestmark = pytest.mark.anyio

ABOVE: dict[str, Any] = {"side": Side.SELL, "price": Decimal(70_000)}
AT_MARKET: dict[str, Any] = {"type": OrderType.MARKET, "price": None}


async def placed(session: Session, request: OrderRequest) -> OrderReport:
    await session.ready_to_place()
    answer = await session.place(request)
    assert isinstance(answer, Accepted), answer
    return answer.report


def filled(report: OrderReport) -> Decimal:
    return sum((trade.quantity for trade in report.trades), Decimal(0))


async def test_a_resting_order_is_open_under_our_id(world: World) -> None:
    session, request = world.session(), world.order()
    report = await placed(session, request)
    assert (report.status, report.trades) == (OrderStatus.OPEN, ())
    assert report.filled_quantity == 0
    assert (report.symbol, report.client_order_id) == (SYMBOL, request.client_order_id)
    assert [row.exchange_order_id for row in await session.open_orders(SYMBOL)] == [
        report.exchange_order_id
    ]
    found = await session.find(SYMBOL, request.client_order_id)
    assert found is not None
    assert (found.exchange_order_id, found.status) == (report.exchange_order_id, OrderStatus.OPEN)


@pytest.mark.parametrize("side", Side)
async def test_a_market_order_tells_its_fills_and_fees_to_the_last_digit(
    world: World, side: Side
) -> None:
    session = world.session()
    report = await placed(session, world.order(side=side, **AT_MARKET))
    assert report.status is OrderStatus.FILLED
    assert report.filled_quantity == filled(report) == Decimal("0.01")
    assert report.filled_cost == sum(row.price * row.quantity for row in report.trades)
    for trade in report.trades:
        received = trade.quantity if side is Side.BUY else trade.quantity * trade.price
        assert (trade.fee, trade.maker) == (received * Decimal("0.001"), False)
        assert trade.fee_currency == ("BTC" if side is Side.BUY else "USDT")
    told = await session.trades_of(SYMBOL, report.exchange_order_id)
    assert [trade.trade_id for trade in told] == [trade.trade_id for trade in report.trades]
    assert [(row.quantity, row.price, row.fee, row.side) for row in told] == [
        (row.quantity, row.price, row.fee, row.side) for row in report.trades
    ]


async def test_the_same_id_twice_is_unclear_and_places_once(world: World) -> None:
    session, request = world.session(), world.order()
    first = await placed(session, request)
    again = world.order(client_order_id=request.client_order_id)
    assert isinstance(await session.place(again), Unclear)
    assert [row.exchange_order_id for row in await session.open_orders(SYMBOL)] == [
        first.exchange_order_id
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": Decimal(3)}, "insufficient_funds"),
        (ABOVE | {"quantity": Decimal("1.1")}, "insufficient_funds"),
        ({"quantity": Decimal("0.00005")}, "below_minimum_notional"),
        ({"type": OrderType.LIMIT_MAKER, "price": Decimal(60_100)}, "would_match"),
        ({"price": Decimal("50000.001")}, "price_not_allowed"),
        ({"symbol": "NOT/THERE"}, "symbol_unknown"),
    ],
)
async def test_a_definite_no_has_a_name_and_leaves_nothing(
    world: World, change: dict[str, Any], code: str
) -> None:
    session, request = world.session(), world.order(**change)
    answer = await session.place(request)
    assert isinstance(answer, Refused), answer
    assert answer.code == code
    assert await session.open_orders(SYMBOL) == []
    assert await session.find(SYMBOL, request.client_order_id) is None


@pytest.mark.parametrize("age_ms", [6_000, -5_000])
async def test_a_timestamp_too_old_or_from_the_future_is_refused(world: World, age_ms: int) -> None:
    session = world.session()
    answer = await session.place(world.order(sign_timestamp_ms=world.now_ms() - age_ms))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.exchange_code) == ("stale_timestamp", "-1021")
    assert await session.open_orders(SYMBOL) == []


async def test_cancelling_ends_an_order_once(world: World) -> None:
    session, request = world.session(), world.order()
    report = await placed(session, request)
    after = await session.cancel(SYMBOL, report.exchange_order_id)
    assert after is not None
    assert (after.status, after.client_order_id) == (
        OrderStatus.CANCELLED,
        request.client_order_id,
    )
    assert await session.cancel(SYMBOL, report.exchange_order_id) is None
    found = await session.find(SYMBOL, request.client_order_id)
    assert found is not None
    assert found.status is OrderStatus.CANCELLED


async def test_cancelling_what_is_filled_or_unknown_says_only_that_it_is_not_open(
    world: World,
) -> None:
    session = world.session()
    report = await placed(session, world.order(**AT_MARKET))
    assert await session.cancel(SYMBOL, report.exchange_order_id) is None
    assert await session.cancel(SYMBOL, "999999") is None


async def test_a_part_filled_order_keeps_its_part_when_cancelled(world: World) -> None:
    session = world.session()
    report = await placed(session, world.order())
    world.move("50000", "0.004")
    after = await session.cancel(SYMBOL, report.exchange_order_id)
    assert after is not None
    assert (after.status, after.filled_quantity) == (OrderStatus.CANCELLED, Decimal("0.004"))
    assert after.filled_cost == Decimal("0.004") * 50_000


async def test_what_rested_is_filled_at_its_own_price_as_maker(world: World) -> None:
    session = world.session()
    report = await placed(session, world.order(**ABOVE))
    world.move("70001")
    (trade,) = await session.trades_of(SYMBOL, report.exchange_order_id)
    assert (trade.price, trade.quantity) == (Decimal(70_000), Decimal("0.01"))
    assert trade.maker
    assert (trade.fee, trade.fee_currency) == (Decimal("0.7"), "USDT")


async def test_trades_are_listed_from_after_one_of_them_oldest_first(world: World) -> None:
    session = world.session()
    for _ in range(3):
        await placed(session, world.order(**AT_MARKET))
    beginning = TradeMark(world.clock.now() - timedelta(hours=1))
    everything = list(await session.trades_since(SYMBOL, beginning))
    assert len({trade.trade_id for trade in everything}) >= 3
    assert everything == sorted(everything, key=lambda trade: trade.at)
    for place, trade in enumerate(everything):
        mark = TradeMark(trade.at, trade.trade_id)
        later = [each.trade_id for each in await session.trades_since(SYMBOL, mark)]
        assert set(later) >= {each.trade_id for each in everything[place + 1 :]}


async def test_an_order_holds_its_money_back_until_it_ends(world: World) -> None:
    session = world.session()
    before = (await session.balances())["USDT"]
    report = await placed(session, world.order())
    held = (await session.balances())["USDT"]
    assert (before.free - held.free, held.locked) == (Decimal(500), Decimal(500))
    await session.cancel(SYMBOL, report.exchange_order_id)
    assert (await session.balances())["USDT"] == before


async def test_accounts_do_not_see_each_other(world: World) -> None:
    request = world.order()
    report = await placed(world.session(1), request)
    stranger = world.session(2)
    assert await stranger.open_orders(SYMBOL) == []
    assert await stranger.find(SYMBOL, request.client_order_id) is None
    assert await stranger.cancel(SYMBOL, report.exchange_order_id) is None
    assert len(await world.session(1).open_orders(SYMBOL)) == 1


async def test_an_unknown_exchange_is_named(world: World) -> None:
    with pytest.raises(ExchangeUnknown):
        world.exchanges.session(Credentials(1, "mtgox", Mode.PAPER, "", ""))
    with pytest.raises(ExchangeUnknown):
        world.exchanges.market_data("mtgox", Mode.PAPER)
    assert world.exchanges.names() == ["binance"]
