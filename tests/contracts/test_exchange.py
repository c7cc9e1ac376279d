"""What every implementation of the exchange port does, those in memory included."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.contracts.worlds import SYMBOL, World, became
from tradingbot.exchanges.errors import ExchangeUnknown
from tradingbot.exchanges.ports import Credentials, Mode, Refused, TradeMark, Unclear
from tradingbot.trading.order import TERMINAL, OrderStatus, OrderType, Side

pytestmark = pytest.mark.anyio

ABOVE: dict[str, Any] = {"side": Side.SELL, "price": Decimal(70_000)}
AT_MARKET: dict[str, Any] = {"type": OrderType.MARKET, "price": None}
STALE = {"binance": "-1021", "bybit": "10002"}


async def test_a_resting_order_is_open_under_our_id(world: World) -> None:
    session, request = world.session(), world.order()
    report = await world.placed(request)
    assert (report.status, report.trades) == (OrderStatus.OPEN, ())
    assert report.filled_quantity == 0
    assert (report.symbol, report.client_order_id) == (SYMBOL, request.client_order_id)
    assert (report.side, report.quantity, report.price) == (
        request.side,
        request.quantity,
        request.price,
    )
    (row,) = await session.open_orders(SYMBOL)
    assert replace(row, at=report.at) == report
    assert [row.exchange_order_id for row in await session.open_orders()] == [
        report.exchange_order_id
    ]


@pytest.mark.parametrize("side", Side)
async def test_a_market_order_tells_its_fills_and_fees_to_the_last_digit(
    world: World, side: Side
) -> None:
    report = await world.placed(world.order(side=side, **AT_MARKET))
    assert (report.status, report.price) == (OrderStatus.FILLED, None)
    trades = await world.session().trades_of(SYMBOL, report.exchange_order_id)
    assert trades
    assert report.filled_quantity == sum(row.quantity for row in trades) == Decimal("0.01")
    assert report.filled_cost == sum(row.price * row.quantity for row in trades)
    for trade in trades:
        received = trade.quantity if side is Side.BUY else trade.quantity * trade.price
        assert (trade.fee, trade.maker) == (received * Decimal("0.001"), False)
        assert trade.fee_currency == ("BTC" if side is Side.BUY else "USDT")
        assert (trade.side, trade.exchange_order_id) == (side, report.exchange_order_id)


async def test_an_order_is_found_by_the_exchanges_own_id_as_well(world: World) -> None:
    session, request = world.session(), world.order()
    report = await world.placed(request)
    found = await session.find_by_exchange_id(SYMBOL, report.exchange_order_id)
    assert found == await session.find(SYMBOL, request.client_order_id)
    assert found is not None
    assert found.client_order_id == request.client_order_id
    assert await session.find_by_exchange_id(SYMBOL, "987654321") is None


async def test_the_same_id_twice_is_unclear_and_places_once(world: World) -> None:
    session, request = world.session(), world.order()
    first = await world.placed(request)
    answer = await session.place(world.order(client_order_id=request.client_order_id))
    assert isinstance(answer, Unclear)
    assert answer.duplicate
    assert [row.exchange_order_id for row in await session.open_orders(SYMBOL)] == [
        first.exchange_order_id
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": Decimal(3)}, "insufficient_funds"),
        (ABOVE | {"quantity": Decimal("1.1")}, "insufficient_funds"),
        ({"quantity": Decimal("0.00005")}, "below_minimum_notional"),
        ({"quantity": Decimal("0.000105")}, "quantity_not_allowed"),
        ({"type": OrderType.LIMIT_MAKER, "price": Decimal(60_100)}, "would_match"),
        ({"price": Decimal("50000.001")}, "price_not_allowed"),
        ({"symbol": "NOT/THERE"}, "symbol_unknown"),
    ],
)
async def test_a_definite_no_has_a_name_and_leaves_nothing(
    world: World, change: dict[str, Any], code: str
) -> None:
    """At once as a refusal, or afterwards as the reason why the order ended."""
    session, request = world.session(), world.order(**change)
    before = await session.balances()
    answer = await session.place(request)
    if isinstance(answer, Refused):
        assert answer.code == code
        assert await session.find(SYMBOL, request.client_order_id) is None
    else:
        ended = await became(session, request, TERMINAL)
        assert (ended.reason, ended.filled_quantity) == (code, Decimal(0))
        assert ended.status in {OrderStatus.CANCELLED, OrderStatus.REJECTED}
    assert await session.open_orders(SYMBOL) == []
    assert await session.balances() == before


@pytest.mark.parametrize("age_ms", [6_000, -5_000])
async def test_a_timestamp_too_old_or_from_the_future_is_refused(world: World, age_ms: int) -> None:
    session = world.session()
    answer = await session.place(world.order(sign_timestamp_ms=world.now_ms() - age_ms))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.exchange_code) == ("stale_timestamp", STALE[world.exchange])
    assert await session.open_orders(SYMBOL) == []


async def test_cancelling_ends_an_order_once(world: World) -> None:
    session, request = world.session(), world.order()
    report = await world.placed(request)
    after = await session.cancel(SYMBOL, report.exchange_order_id)
    assert after is not None
    assert after.status in {OrderStatus.OPEN, OrderStatus.CANCELLED}
    assert after.client_order_id == request.client_order_id
    ended = await became(session, request, TERMINAL)
    assert (ended.status, ended.reason) == (OrderStatus.CANCELLED, "")
    assert await session.cancel(SYMBOL, report.exchange_order_id) is None
    assert await session.open_orders(SYMBOL) == []


async def test_cancelling_what_is_filled_or_unknown_says_only_that_it_is_not_open(
    world: World,
) -> None:
    session = world.session()
    report = await world.placed(world.order(**AT_MARKET))
    assert await session.cancel(SYMBOL, report.exchange_order_id) is None
    assert await session.cancel(SYMBOL, "999999") is None


async def test_a_part_filled_order_keeps_its_part_when_cancelled(world: World) -> None:
    session, request = world.session(), world.order()
    report = await world.placed(request)
    world.move("50000", "0.004")
    part = await became(session, request, {OrderStatus.PARTIALLY_FILLED})
    assert part.filled_quantity == Decimal("0.004")
    await session.cancel(SYMBOL, report.exchange_order_id)
    ended = await became(session, request, TERMINAL)
    assert (ended.status, ended.filled_quantity) == (OrderStatus.CANCELLED, Decimal("0.004"))
    assert ended.filled_cost == Decimal("0.004") * 50_000


async def test_what_rested_is_filled_at_its_own_price_as_maker(world: World) -> None:
    session = world.session()
    report = await world.placed(world.order(**ABOVE))
    world.move("70001")
    (trade,) = await session.trades_of(SYMBOL, report.exchange_order_id)
    assert (trade.price, trade.quantity) == (Decimal(70_000), Decimal("0.01"))
    assert trade.maker
    assert (trade.fee, trade.fee_currency) == (Decimal("0.7"), "USDT")


async def test_trades_are_listed_from_after_one_of_them_oldest_first(world: World) -> None:
    session = world.session()
    for _ in range(3):
        await world.placed(world.order(**AT_MARKET))
    beginning = TradeMark(world.clock.now() - timedelta(hours=1))
    everything = list(await session.trades_since(SYMBOL, beginning))
    assert len({trade.trade_id for trade in everything}) >= 3
    assert len({(trade.trade_id, trade.side) for trade in everything}) == len(everything)
    assert everything == sorted(everything, key=lambda trade: trade.at)
    for place, trade in enumerate(everything):
        mark = TradeMark(trade.at, trade.trade_id)
        later = [each.trade_id for each in await session.trades_since(SYMBOL, mark)]
        assert set(later) >= {each.trade_id for each in everything[place + 1 :]}


async def test_an_order_holds_its_money_back_until_it_ends(world: World) -> None:
    session, request = world.session(), world.order()
    before = (await session.balances())["USDT"]
    report = await world.placed(request)
    held = (await session.balances())["USDT"]
    assert (before.free - held.free, held.locked) == (Decimal(500), Decimal(500))
    await session.cancel(SYMBOL, report.exchange_order_id)
    await became(session, request, TERMINAL)
    assert (await session.balances())["USDT"] == before


async def test_accounts_do_not_see_each_other(world: World) -> None:
    request = world.order()
    report = await world.placed(request)
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
    assert world.exchange in world.exchanges.names()
