"""Binance's JSON in, our own words out: every amount from its text, never through a float."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from tradingbot.adapters import ccxt_fields as its
from tradingbot.adapters.ccxt_dialect import Listing
from tradingbot.adapters.ccxt_fields import Raw
from tradingbot.adapters.ccxt_limits import MINUTE_MS
from tradingbot.adapters.ccxt_sense import readable, sound_report, sound_trade
from tradingbot.exchanges.ports import (
    AccountNews,
    Balance,
    BalancesChanged,
    OrderReport,
    Trade,
)
from tradingbot.trading.market import Market
from tradingbot.trading.order import OrderStatus, Side

STATUSES = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "PENDING_CANCEL": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
INTERVALS_MS = {"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
# Spot without discounts; what an account really pays is in its trades.
FEE = Decimal("0.001")


def order_report(symbol: str, raw: Raw) -> OrderReport:
    """Of an answer to placing, querying, listing or cancelling."""
    side = its.side(raw, "side")
    status = _status(its.text(raw, "status"))
    order_id = its.identity(raw, "orderId")  # an answer without an id is no answer
    at = its.moment(raw, "updateTime" if raw.get("updateTime") else "transactTime")
    fills = its.rows(raw.get("fills", []))
    return sound_report(
        OrderReport(
            symbol=symbol,
            # A cancel's answer carries an id of its own beside ours.
            client_order_id=raw.get("origClientOrderId") or its.identity(raw, "clientOrderId"),
            exchange_order_id=order_id,
            status=status,
            filled_quantity=its.amount(raw, "executedQty"),
            filled_cost=its.amount(raw, "cummulativeQuoteQty"),
            at=at,
            trades=tuple(_own_fill(symbol, side, order_id, at, fill) for fill in fills),
            reason="the exchange let it expire" if status is OrderStatus.EXPIRED else "",
            side=side,
            quantity=_asked(raw, "origQty"),
            price=_asked(raw, "price"),
        )
    )


def _asked(raw: Raw, name: str) -> Decimal | None:
    """Zero is how Binance says that an order has no price, or only a budget."""
    return its.amount(raw, name) or None


def _status(name: str) -> OrderStatus:
    if name not in STATUSES:
        raise ValueError(f"a status never seen: {name[: its.VALUE_LENGTH_MAX]}")
    return STATUSES[name]


def _own_fill(symbol: str, side: Side, order_id: str, at: datetime, raw: Raw) -> Trade:
    return sound_trade(
        Trade(
            trade_id=its.identity(raw, "tradeId"),
            exchange_order_id=order_id,
            symbol=symbol,
            side=side,
            quantity=its.positive(raw, "qty"),
            price=its.positive(raw, "price"),
            fee=its.amount(raw, "commission"),
            fee_currency=its.identity(raw, "commissionAsset"),
            maker=False,  # what fills while it is being placed took from the book
            at=at,
        )
    )


def my_trade(symbol: str, raw: Raw) -> Trade:
    return sound_trade(
        Trade(
            trade_id=str(int(its.identity(raw, "id"))),
            exchange_order_id=its.identity(raw, "orderId"),
            symbol=symbol,
            side=Side.BUY if its.truth(raw, "isBuyer") else Side.SELL,
            quantity=its.positive(raw, "qty"),
            price=its.positive(raw, "price"),
            fee=its.amount(raw, "commission"),
            fee_currency=its.identity(raw, "commissionAsset"),
            maker=its.truth(raw, "isMaker"),
            at=its.moment(raw, "time"),
        )
    )


def news(event: Raw, symbols: Mapping[str, str]) -> Sequence[AccountNews]:
    """Raises KeyError for an order on a market that is not listed."""
    if event.get("e") == "executionReport":
        return (_execution(symbols[its.text(event, "s")], event),)
    if event.get("e") == "outboundAccountPosition":
        return (BalancesChanged(_held(its.required(event, "B"), "a", "f", "l")),)
    return ()


def _execution(symbol: str, raw: Raw) -> OrderReport:
    return sound_report(
        OrderReport(
            symbol=symbol,
            # After a cancel, `c` is the cancel's own id.
            client_order_id=raw.get("C") or its.identity(raw, "c"),
            exchange_order_id=its.identity(raw, "i"),
            status=_status(its.text(raw, "X")),
            filled_quantity=its.amount(raw, "z"),
            filled_cost=its.amount(raw, "Z"),
            at=its.moment(raw, "T"),
            trades=(_streamed_fill(symbol, raw),) if its.text(raw, "x") == "TRADE" else (),
            reason="" if its.text(raw, "r") == "NONE" else raw["r"].lower(),
            side=its.side(raw, "S"),
            quantity=_asked(raw, "q"),
            price=_asked(raw, "p"),
        )
    )


def _streamed_fill(symbol: str, raw: Raw) -> Trade:
    return sound_trade(
        Trade(
            trade_id=its.identity(raw, "t"),
            exchange_order_id=its.identity(raw, "i"),
            symbol=symbol,
            side=its.side(raw, "S"),
            quantity=its.positive(raw, "l"),
            price=its.positive(raw, "L"),
            fee=its.amount(raw, "n"),
            # Null when nothing was charged.
            fee_currency=its.required(raw, "N") or symbol.partition("/")[2],
            maker=its.truth(raw, "m"),
            at=its.moment(raw, "T"),
        )
    )


def balances(account: Raw) -> dict[str, Balance]:
    held = _held(its.required(account, "balances"), "asset", "free", "locked")
    return {asset: balance for asset, balance in held.items() if balance.free or balance.locked}


def _held(rows: object, asset: str, free: str, locked: str) -> dict[str, Balance]:
    return {
        its.identity(row, asset): Balance(its.amount(row, free), its.amount(row, locked))
        for row in its.rows(rows)
    }


def listing(info: Raw) -> Listing:
    """Costs 50 ms for the real 3,500 markets: to be called in a thread."""
    open_markets = [
        row for row in info["symbols"] if row["status"] == "TRADING" and _spot_allowed(row)
    ]
    return Listing(
        markets=readable(open_markets, _market),
        # The closed ones too: their orders still end.
        symbols={
            row["symbol"]: f"{row['baseAsset']}/{row['quoteAsset']}" for row in info["symbols"]
        },
        weight_limit=next(
            (row["limit"] for row in _limits(info, "REQUEST_WEIGHT") if _length(row) == MINUTE_MS),
            None,
        ),
        orders_by_ms={_length(row): row["limit"] for row in _limits(info, "ORDERS")},
    )


def _spot_allowed(row: Raw) -> bool:
    return bool(row.get("isSpotTradingAllowed", True))


def _limits(info: Raw, kind: str) -> list[Raw]:
    return [row for row in info["rateLimits"] if row["rateLimitType"] == kind]


def _length(row: Raw) -> int:
    return INTERVALS_MS[row["interval"]] * int(row["intervalNum"])


def _market(row: Raw) -> Market:
    filters = {rule["filterType"]: rule for rule in row["filters"]}
    prices, lot = its.required(filters, "PRICE_FILTER"), its.required(filters, "LOT_SIZE")
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {"minNotional": "0"}
    count = filters.get("MAX_NUM_ORDERS", {})
    return Market(
        symbol=f"{row['baseAsset']}/{row['quoteAsset']}",
        base=row["baseAsset"],
        quote=row["quoteAsset"],
        tick_size=its.positive(prices, "tickSize").normalize(),
        step_size=its.positive(lot, "stepSize").normalize(),
        quantity_min=its.amount(lot, "minQty"),
        quantity_max=its.positive(lot, "maxQty"),
        notional_min=its.amount(notional, "minNotional"),
        maker_fee=FEE,
        taker_fee=FEE,
        orders_max=int(count.get("maxNumOrders", 200)),
    )
