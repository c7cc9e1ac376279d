"""An account's balances, orders and trades, the Binance way."""

from tradingbot.paper import binance_shapes as shapes
from tradingbot.paper.binance_errors import ApiError
from tradingbot.paper.binance_gateway import Answer, Call
from tradingbot.paper.candles import DAY

LIMIT = 500
LIMIT_MAX = 1_000


def account(call: Call) -> Answer:
    fees = call.venue.options.fees
    omit_zero = (call.params.text("omitZeroBalances") or "").lower() == "true"
    rates = {"maker": shapes.money(fees.maker), "taker": shapes.money(fees.taker)}
    return {
        "makerCommission": int(fees.maker * 10_000),
        "takerCommission": int(fees.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {**rates, "buyer": "0.00000000", "seller": "0.00000000"},
        "canTrade": call.trading,
        "canWithdraw": call.withdrawals,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.account.updated,
        "accountType": "SPOT",
        "balances": shapes.balances(call.account, omit_zero=omit_zero),
        "permissions": ["SPOT"],
        "uid": int(call.account.id[:8], 16),
    }


def open_orders(call: Call) -> Answer:
    open_now = call.account.open
    symbols = [call.hall().market.symbol] if call.params.has("symbol") else list(open_now)
    return [shapes.queried(order) for symbol in symbols for order in open_now[symbol].values()]


def all_orders(call: Call) -> Answer:
    """From an id on, or a span of time, or the latest."""
    orders = call.account.orders[call.hall().market.symbol].values()
    limit = call.params.limit(LIMIT, LIMIT_MAX)
    first = call.params.integer("orderId")
    start, end = _span(call)
    if first is not None:
        chosen = [order for order in orders if order.id >= first][:limit]
    else:
        chosen = [order for order in orders if start <= order.created <= end]
        chosen = chosen[:limit] if call.params.has("startTime") else chosen[-limit:]
    return [shapes.queried(order) for order in chosen]


def my_trades(call: Call) -> Answer:
    trades = call.account.fills[call.hall().market.symbol]
    limit = call.params.limit(LIMIT, LIMIT_MAX)
    start, end = _span(call)
    of_order, first = call.params.integer("orderId"), call.params.integer("fromId")
    if of_order is not None and call.params.has("startTime"):
        raise ApiError(-1128, "Combination of optional parameters invalid.")
    chosen = [
        (order, fill)
        for order, fill in trades
        if (of_order is None or order.id == of_order)
        and (first is None or fill.trade_id >= first)
        and start <= fill.at <= end
    ]
    forward = first is not None or call.params.has("startTime")
    chosen = chosen[:limit] if forward else chosen[-limit:]
    return [shapes.my_trade(order, fill) for order, fill in chosen]


def commission(call: Call) -> Answer:
    fees = call.venue.options.fees
    none = {"maker": "0.00000000", "taker": "0.00000000", "buyer": "0.00000000"}
    none["seller"] = "0.00000000"
    rates = {"maker": shapes.money(fees.maker), "taker": shapes.money(fees.taker)}
    coin = call.venue.fee_coin(call.account)
    return {
        "symbol": shapes.id_of(call.hall().market.symbol),
        "standardCommission": none | rates,
        "specialCommission": none,
        "taxCommission": none,
        "discount": {
            "enabledForAccount": coin is not None,
            "enabledForSymbol": coin is not None,
            "discountAsset": coin or "BNB",
            "discount": "0.75000000",
        },
    }


def trade_fee(call: Call) -> Answer:
    fees = call.venue.options.fees
    symbols = [call.hall().market.symbol] if call.params.has("symbol") else list(call.venue.halls)
    return [
        {
            "symbol": shapes.id_of(symbol),
            "makerCommission": format(fees.maker, "f"),
            "takerCommission": format(fees.taker, "f"),
        }
        for symbol in symbols
    ]


def restrictions(call: Call) -> Answer:
    return {
        "ipRestrict": call.ip_restricted,
        "createTime": 1_700_000_000_000,
        "enableReading": True,
        "enableWithdrawals": call.withdrawals,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": call.trading,
        "enablePortfolioMarginTrading": False,
    }


def _span(call: Call) -> tuple[int, int]:
    """From when until when, ms; Binance refuses more than a day between them."""
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    if start is not None and end is not None and end - start > DAY:
        raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
    return start or 0, end if end is not None else 1 << 62
