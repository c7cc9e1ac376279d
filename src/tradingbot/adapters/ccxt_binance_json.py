"""Binance's JSON in, our own words out: every amount from its text, never through a float."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from tradingbot.adapters.ccxt_dialect import Listing
from tradingbot.exchanges.ports import (
    AccountNews,
    Balance,
    BalancesChanged,
    OrderReport,
    Trade,
)
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import OrderStatus, Side

Raw: TypeAlias = Mapping[str, Any]

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


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def order_report(symbol: str, raw: Raw) -> OrderReport:
    """Of an answer to placing, querying, listing or cancelling."""
    side = Side(raw["side"].lower())
    status = _status(raw["status"])
    order_id = str(int(raw["orderId"]))  # an answer without an id is no answer
    at = moment(raw.get("updateTime") or raw["transactTime"])
    fills = raw.get("fills") or ()
    return OrderReport(
        symbol=symbol,
        # A cancel's answer carries an id of its own beside ours.
        client_order_id=raw.get("origClientOrderId") or raw["clientOrderId"],
        exchange_order_id=order_id,
        status=status,
        filled_quantity=Decimal(raw["executedQty"]),
        filled_cost=Decimal(raw["cummulativeQuoteQty"]),
        at=at,
        trades=tuple(_own_fill(symbol, side, order_id, at, fill) for fill in fills),
        reason="the exchange let it expire" if status is OrderStatus.EXPIRED else "",
        side=side,
        quantity=_asked(raw["origQty"]),
        price=_asked(raw["price"]),
    )


def _asked(amount: str) -> Decimal | None:
    """Zero is how Binance says that an order has no price, or only a budget."""
    return Decimal(amount) or None


def _status(name: str) -> OrderStatus:
    if name not in STATUSES:
        raise ValueError(f"a status never seen: {name}")
    return STATUSES[name]


def _own_fill(symbol: str, side: Side, order_id: str, at: datetime, raw: Raw) -> Trade:
    return Trade(
        trade_id=str(raw["tradeId"]),
        exchange_order_id=order_id,
        symbol=symbol,
        side=side,
        quantity=Decimal(raw["qty"]),
        price=Decimal(raw["price"]),
        fee=Decimal(raw["commission"]),
        fee_currency=raw["commissionAsset"],
        maker=False,  # what fills while it is being placed took from the book
        at=at,
    )


def my_trade(symbol: str, raw: Raw) -> Trade:
    return Trade(
        trade_id=str(raw["id"]),
        exchange_order_id=str(raw["orderId"]),
        symbol=symbol,
        side=Side.BUY if raw["isBuyer"] else Side.SELL,
        quantity=Decimal(raw["qty"]),
        price=Decimal(raw["price"]),
        fee=Decimal(raw["commission"]),
        fee_currency=raw["commissionAsset"],
        maker=raw["isMaker"],
        at=moment(raw["time"]),
    )


def news(event: Raw, symbols: Mapping[str, str]) -> Sequence[AccountNews]:
    """Raises KeyError for an order on a market that is not listed."""
    if event.get("e") == "executionReport":
        return (_execution(symbols[event["s"]], event),)
    if event.get("e") == "outboundAccountPosition":
        held = {row["a"]: Balance(Decimal(row["f"]), Decimal(row["l"])) for row in event["B"]}
        return (BalancesChanged(held),)
    return ()


def _execution(symbol: str, raw: Raw) -> OrderReport:
    return OrderReport(
        symbol=symbol,
        client_order_id=raw["C"] or raw["c"],  # after a cancel, `c` is the cancel's own id
        exchange_order_id=str(raw["i"]),
        status=_status(raw["X"]),
        filled_quantity=Decimal(raw["z"]),
        filled_cost=Decimal(raw["Z"]),
        at=moment(raw["T"]),
        trades=(_streamed_fill(symbol, raw),) if raw["x"] == "TRADE" else (),
        reason="" if raw["r"] == "NONE" else str(raw["r"]).lower(),
        side=Side(raw["S"].lower()),
        quantity=_asked(raw["q"]),
        price=_asked(raw["p"]),
    )


def _streamed_fill(symbol: str, raw: Raw) -> Trade:
    return Trade(
        trade_id=str(raw["t"]),
        exchange_order_id=str(raw["i"]),
        symbol=symbol,
        side=Side(raw["S"].lower()),
        quantity=Decimal(raw["l"]),
        price=Decimal(raw["L"]),
        fee=Decimal(raw["n"]),
        fee_currency=raw["N"] or symbol.partition("/")[2],  # null when nothing was charged
        maker=raw["m"],
        at=moment(raw["T"]),
    )


def balances(rows: Sequence[Raw]) -> dict[str, Balance]:
    held = {row["asset"]: Balance(Decimal(row["free"]), Decimal(row["locked"])) for row in rows}
    return {asset: balance for asset, balance in held.items() if balance.free or balance.locked}


def candle(row: Sequence[Any]) -> Candle:
    opened, *amounts = row[:6]
    first, high, low, last, volume = map(Decimal, amounts)
    return Candle(opened, first, high, low, last, volume)


def listing(info: Raw) -> Listing:
    """Costs 50 ms for the real 3,500 markets: to be called in a thread."""
    open_markets = [
        row for row in info["symbols"] if row["status"] == "TRADING" and _spot_allowed(row)
    ]
    markets = {market.symbol: market for market in map(_market, open_markets)}
    return Listing(
        markets=markets,
        # The closed ones too: their orders still end.
        symbols={
            row["symbol"]: f"{row['baseAsset']}/{row['quoteAsset']}" for row in info["symbols"]
        },
        weight_per_minute=next(
            (row["limit"] for row in _limits(info, "REQUEST_WEIGHT") if _length(row) == 60_000),
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
    lot = filters["LOT_SIZE"]
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    count = filters.get("MAX_NUM_ORDERS", {})
    return Market(
        symbol=f"{row['baseAsset']}/{row['quoteAsset']}",
        base=row["baseAsset"],
        quote=row["quoteAsset"],
        tick_size=Decimal(filters["PRICE_FILTER"]["tickSize"]).normalize(),
        step_size=Decimal(lot["stepSize"]).normalize(),
        quantity_min=Decimal(lot["minQty"]),
        quantity_max=Decimal(lot["maxQty"]),
        notional_min=Decimal(notional.get("minNotional", ZERO)),
        maker_fee=FEE,
        taker_fee=FEE,
        orders_max=int(count.get("maxNumOrders", 200)),
    )
