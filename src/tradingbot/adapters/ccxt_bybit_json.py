"""Bybit's JSON in, our own words out: every amount from its text, never through a float."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from tradingbot.adapters import ccxt_fields as its
from tradingbot.adapters.ccxt_dialect import Listing
from tradingbot.adapters.ccxt_errors import BYBIT
from tradingbot.adapters.ccxt_fields import Raw
from tradingbot.adapters.ccxt_sense import readable, sound_report, sound_trade
from tradingbot.exchanges.ports import (
    AccountNews,
    Balance,
    BalancesChanged,
    OrderReport,
    OrderRequest,
    Trade,
)
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import OrderStatus, Side

STATUSES = {
    "New": OrderStatus.OPEN,
    "PartiallyFilled": OrderStatus.PARTIALLY_FILLED,
    "Filled": OrderStatus.FILLED,
    "Cancelled": OrderStatus.CANCELLED,
    # What it came to before it was cancelled stays.
    "PartiallyFilledCanceled": OrderStatus.CANCELLED,
    "Rejected": OrderStatus.REJECTED,
    # Of orders with a trigger, which other programs may place on the account.
    "Untriggered": OrderStatus.OPEN,
    "Triggered": OrderStatus.OPEN,
    "Deactivated": OrderStatus.CANCELLED,
}
AS_ASKED = {"", "EC_NoError", "EC_PerCancelRequest"}
# Spot without discounts; what an account really pays is in its trades.
FEE = Decimal("0.001")
# Bybit allows 600 requests in any five seconds and 20 orders in any one, wherever they begin. Ours
# are seconds of the clock: six of them touch any five seconds, and two any second.
WINDOW_MS = 1_000
REQUESTS_MAX = 600 // 6
ORDERS_MAX = 20 // 2
OPEN_ORDERS_MAX = 500


def result(answer: Raw) -> Raw:
    """What an envelope holds, which must say itself that it is no error."""
    if its.required(answer, "retCode") != 0:
        raise ValueError("an answer that is neither good nor bad")
    held: Raw = its.required(answer, "result")
    return held


def listed(answer: Raw, **about: str) -> Sequence[Raw]:
    """A list's rows, all about what was asked: what Bybit ignores, it answers with others."""
    rows = its.rows(its.required(result(answer), "list"))
    for row in rows:
        for name, wanted in about.items():
            if its.text(row, name) != wanted:
                raise ValueError(f"the answer is about another {name}")
    return rows


def following(answer: Raw, cursor: str | None) -> str | None:
    """Where the next page of a list begins; None when this was the last."""
    found = result(answer).get("nextPageCursor") or None
    if found is None or not listed(answer):
        return None
    if found == cursor:
        raise ValueError("a page that follows itself")
    return str(found)


def acknowledged(request: OrderRequest, answer: Raw) -> OrderReport:
    """All that is known of an order just placed: that it was taken, and under which id."""
    held = result(answer)
    return OrderReport(
        symbol=request.symbol,
        client_order_id=its.identity(held, "orderLinkId"),
        exchange_order_id=its.identity(held, "orderId"),
        status=OrderStatus.OPEN,
        filled_quantity=ZERO,
        filled_cost=ZERO,
        at=its.moment(answer, "time"),
    )


def order_report(symbol: str, raw: Raw) -> OrderReport:
    """Of a look-up, a list or the stream. It holds no fills, only how much they come to."""
    status = _status(its.text(raw, "orderStatus"))
    return sound_report(
        OrderReport(
            symbol=symbol,
            client_order_id=its.text(raw, "orderLinkId"),  # empty when another program placed it
            exchange_order_id=its.identity(raw, "orderId"),
            status=status,
            filled_quantity=its.amount(raw, "cumExecQty"),
            filled_cost=its.amount(raw, "cumExecValue"),
            at=its.moment(raw, "updatedTime"),
            reason=_reason(status, its.text(raw, "rejectReason")),
            side=its.side(raw, "side"),
            quantity=_quantity(raw, "qty"),
            price=_price(raw, "price"),
        )
    )


def _status(name: str) -> OrderStatus:
    if name not in STATUSES:
        raise ValueError(f"a status never seen: {name[: its.VALUE_LENGTH_MAX]}")
    return STATUSES[name]


def _reason(status: OrderStatus, told: str) -> str:
    """Why it ended, by our name where we have one: an order taken may still be refused later."""
    if status not in {OrderStatus.CANCELLED, OrderStatus.REJECTED} or told in AS_ASKED:
        return ""
    return BYBIT.endings.get(told, told)


def _quantity(raw: Raw, name: str) -> Decimal | None:
    """None for an order by value: then its quantity is an amount of quote."""
    unit = raw.get("marketUnit")
    at_market = its.text(raw, "orderType") == "Market"
    by_value = at_market and its.side(raw, "side") is Side.BUY and unit != "baseCoin"
    return None if by_value or unit == "quoteCoin" else its.amount(raw, name)


def _price(raw: Raw, name: str) -> Decimal | None:
    """None at market: what stands there then is Bybit's own limit against slippage."""
    return None if its.text(raw, "orderType") == "Market" else its.positive(raw, name)


def trade(symbol: str, raw: Raw) -> Trade:
    return sound_trade(
        Trade(
            trade_id=its.identity(raw, "execId"),
            exchange_order_id=its.identity(raw, "orderId"),
            symbol=symbol,
            side=its.side(raw, "side"),
            quantity=its.positive(raw, "execQty"),
            price=its.positive(raw, "execPrice"),
            fee=its.signed(raw, "execFee"),  # negative where makers are paid
            fee_currency=raw.get("feeCurrency") or _fee_currency(symbol, raw),
            maker=its.truth(raw, "isMaker"),
            at=its.moment(raw, "execTime"),
        )
    )


def _fee_currency(symbol: str, raw: Raw) -> str:
    """Where Bybit does not say: what was received, and for a maker who is paid, what was given."""
    base, _, quote = symbol.partition("/")
    paid = its.truth(raw, "isMaker") and its.signed(raw, "execFee") < 0
    return base if (its.side(raw, "side") is Side.BUY) != paid else quote


def is_trade(raw: Raw) -> bool:
    return its.text(raw, "execType") == "Trade"


def execution(symbol: str, raw: Raw) -> OrderReport:
    """A fill, and how far the order is with it."""
    fill = trade(symbol, raw)
    quantity, left = _quantity(raw, "orderQty"), its.amount(raw, "leavesQty")
    filled = fill.quantity if quantity is None else quantity - left
    return sound_report(
        OrderReport(
            symbol=symbol,
            client_order_id=its.text(raw, "orderLinkId"),
            exchange_order_id=fill.exchange_order_id,
            status=OrderStatus.PARTIALLY_FILLED if left else OrderStatus.FILLED,
            filled_quantity=filled,
            filled_cost=fill.quantity * fill.price,
            at=fill.at,
            trades=(fill,),
            side=fill.side,
            quantity=quantity,
            price=_price(raw, "orderPrice"),
        )
    )


def from_executions(symbol: str, rows: Sequence[Raw]) -> OrderReport:
    """Of an order that no list of orders holds any more: what its fills, newest first, say."""
    reports = [execution(symbol, row) for row in rows]
    trades = tuple(fill for report in reversed(reports) for fill in report.trades)
    furthest = max(reports, key=lambda report: report.filled_quantity)
    told = sum((fill.quantity for fill in trades), ZERO)
    return sound_report(
        replace(
            furthest,
            filled_quantity=max(furthest.filled_quantity, told),
            filled_cost=sum((fill.quantity * fill.price for fill in trades), ZERO),
            trades=trades,
        )
    )


def news(message: Raw, symbols: Mapping[str, str]) -> Sequence[AccountNews]:
    """Raises KeyError for an order on a market that is not listed."""
    topic = message.get("topic")
    if topic == "order":
        return [order_report(symbols[its.text(row, "symbol")], row) for row in _spot(message)]
    if topic == "execution":
        fills = [row for row in _spot(message) if is_trade(row)]
        return [execution(symbols[its.text(row, "symbol")], row) for row in fills]
    if topic == "wallet":
        return [BalancesChanged(_held(row)) for row in its.rows(its.required(message, "data"))]
    return ()


def _spot(message: Raw) -> list[Raw]:
    """The account's other products are none of our business."""
    rows = its.rows(its.required(message, "data"))
    return [row for row in rows if its.text(row, "category") == "spot"]


def balances(answer: Raw) -> dict[str, Balance]:
    held = {coin: balance for account in listed(answer) for coin, balance in _held(account).items()}
    return {coin: balance for coin, balance in held.items() if balance.free or balance.locked}


def _held(account: Raw) -> dict[str, Balance]:
    """Raises ValueError for a coin that is owed: with borrowed money nobody trades here."""
    held: dict[str, Balance] = {}
    for row in its.rows(its.required(account, "coin")):
        all_of_it, locked = its.amount(row, "walletBalance"), its.amount(row, "locked")
        if locked > all_of_it:
            raise ValueError(f"{locked} of {all_of_it} locked")
        held[its.identity(row, "coin")] = Balance(all_of_it - locked, locked)
    return held


def prices_within(minutes: Sequence[Candle], since_ms: int) -> list[Decimal]:
    """What a market passed through, so far as minutes tell.

    Of the minute in which `since_ms` lies only the end is told: its extremes may be older.
    """
    prices: list[Decimal] = []
    for minute in minutes:
        if minute.at >= since_ms:
            rising = minute.close >= minute.open
            turns = (minute.low, minute.high) if rising else (minute.high, minute.low)
            prices += [minute.open, *turns]
        prices.append(minute.close)
    return prices


def listing(answer: Raw) -> Listing:
    """Costs some 20 ms for the real 700 markets: to be called in a thread."""
    rows = listed(answer)
    return Listing(
        markets=readable((row for row in rows if row["status"] == "Trading"), _market),
        symbols={row["symbol"]: f"{row['baseCoin']}/{row['quoteCoin']}" for row in rows},
        # Bybit publishes them in its documents only.
        weight_limit=REQUESTS_MAX,
        orders_by_ms={WINDOW_MS: ORDERS_MAX},
    )


def _market(row: Raw) -> Market:
    lot = its.required(row, "lotSizeFilter")
    return Market(
        symbol=f"{row['baseCoin']}/{row['quoteCoin']}",
        base=row["baseCoin"],
        quote=row["quoteCoin"],
        tick_size=its.positive(its.required(row, "priceFilter"), "tickSize").normalize(),
        step_size=its.positive(lot, "basePrecision").normalize(),
        quantity_min=its.amount(lot, "minOrderQty"),
        quantity_max=its.positive(
            lot, "maxLimitOrderQty" if "maxLimitOrderQty" in lot else "maxOrderQty"
        ),
        notional_min=its.amount(lot, "minOrderAmt"),
        maker_fee=FEE,
        taker_fee=FEE,
        orders_max=OPEN_ORDERS_MAX,
    )
