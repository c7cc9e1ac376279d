"""Binance's spot endpoints: paths and methods to what answers them, with their weights."""

from tradingbot.paper import binance_account as account
from tradingbot.paper import binance_market as market
from tradingbot.paper import binance_orders as orders
from tradingbot.paper.binance_depth import DepthView
from tradingbot.paper.binance_gateway import Endpoint
from tradingbot.paper.binance_params import Params

ANY = frozenset({"symbol", "symbols"})
SPAN = frozenset({"startTime", "endTime", "limit"})
ONE = frozenset({"symbol"})
NEW = frozenset({"symbol", "side", "type"})


def _depth_weight(params: Params) -> int:
    limit = params.sent.get("limit", "100")
    size = int(limit) if limit.isdecimal() else 100
    return next(
        weight for most, weight in ((100, 5), (500, 25), (1_000, 50), (1e9, 250)) if size <= most
    )


def _open_orders_weight(params: Params) -> int:
    return 6 if params.has("symbol") else 80


def _my_trades_weight(params: Params) -> int:
    return 5 if params.has("orderId") else 20


PLACE = Endpoint(orders.place, 1, "trade", NEW, orders.ORDER_NAMES, orders=True)
TRY = Endpoint(orders.try_order, 1, "trade", NEW, orders.ORDER_NAMES | {"computeCommissionRates"})
QUERY = Endpoint(orders.query, 4, "read", ONE, frozenset({"orderId", "origClientOrderId"}))
CANCEL = Endpoint(
    orders.cancel,
    1,
    "trade",
    ONE,
    frozenset({"orderId", "origClientOrderId", "newClientOrderId", "cancelRestrictions"}),
)
REPLACE = Endpoint(
    orders.cancel_replace,
    1,
    "trade",
    NEW | {"cancelReplaceMode"},
    orders.ORDER_NAMES | {"cancelOrderId", "cancelOrigClientOrderId", "cancelNewClientOrderId"},
    orders=True,
)
OPEN = Endpoint(account.open_orders, _open_orders_weight, "read", optional=ONE)
CANCEL_ALL = Endpoint(orders.cancel_all, 1, "trade", ONE)
ALL = Endpoint(account.all_orders, 20, "read", ONE, SPAN | {"orderId"})
MY_TRADES = Endpoint(
    account.my_trades, _my_trades_weight, "read", ONE, SPAN | {"orderId", "fromId"}
)
ACCOUNT = Endpoint(account.account, 20, "read", optional=frozenset({"omitZeroBalances"}))
PING = Endpoint(market.ping)
TIME = Endpoint(market.time)

REST: dict[tuple[str, str], Endpoint] = {
    ("GET", "api/v3/ping"): PING,
    ("GET", "api/v3/time"): TIME,
    ("GET", "api/v3/exchangeInfo"): Endpoint(market.info, 20, optional=ANY),
    ("GET", "api/v3/trades"): Endpoint(
        market.trades, 25, required=ONE, optional=frozenset({"limit"})
    ),
    ("GET", "api/v3/aggTrades"): Endpoint(
        market.aggregated_trades, 4, required=ONE, optional=SPAN | {"fromId"}
    ),
    ("GET", "api/v3/klines"): Endpoint(
        market.klines, 2, required=ONE | {"interval"}, optional=SPAN
    ),
    ("GET", "api/v3/ticker/24hr"): Endpoint(
        market.ticker_day, market.by_symbols(2, 2, 80), optional=ANY
    ),
    ("GET", "api/v3/ticker/price"): Endpoint(
        market.ticker_price, market.by_symbols(2, 4, 4), optional=ANY
    ),
    ("GET", "api/v3/ticker/bookTicker"): Endpoint(
        market.ticker_book, market.by_symbols(2, 4, 4), optional=ANY
    ),
    ("GET", "api/v3/account"): ACCOUNT,
    ("GET", "api/v3/account/commission"): Endpoint(account.commission, 20, "read", ONE),
    ("POST", "api/v3/order"): PLACE,
    ("POST", "api/v3/order/test"): TRY,
    ("GET", "api/v3/order"): QUERY,
    ("DELETE", "api/v3/order"): CANCEL,
    ("POST", "api/v3/order/cancelReplace"): REPLACE,
    ("GET", "api/v3/openOrders"): OPEN,
    ("DELETE", "api/v3/openOrders"): CANCEL_ALL,
    ("GET", "api/v3/allOrders"): ALL,
    ("GET", "api/v3/myTrades"): MY_TRADES,
    ("GET", "sapi/v1/asset/tradeFee"): Endpoint(account.trade_fee, 1, "read", optional=ONE),
    ("GET", "sapi/v1/account/apiRestrictions"): Endpoint(account.restrictions, 1, "read"),
}

# The same over the WebSocket API; what subscribes to the user stream is not an endpoint.
SOCKET: dict[str, Endpoint] = {
    "ping": PING,
    "time": TIME,
    "order.place": PLACE,
    "order.test": TRY,
    "order.status": QUERY,
    "order.cancel": CANCEL,
    "order.cancelReplace": REPLACE,
    "openOrders.status": OPEN,
    "openOrders.cancelAll": CANCEL_ALL,
    "allOrders": ALL,
    "myTrades": MY_TRADES,
    "account.status": ACCOUNT,
}


def rest_endpoints(views: dict[str, DepthView]) -> dict[tuple[str, str], Endpoint]:
    depth = Endpoint(
        market.depth(views), _depth_weight, required=ONE, optional=frozenset({"limit"})
    )
    return {**REST, ("GET", "api/v3/depth"): depth}
