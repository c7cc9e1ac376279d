"""Bybit's v5 endpoints for spot: methods and paths to what answers them, with their limits."""

from tradingbot.paper import bybit_account as account
from tradingbot.paper import bybit_market as market
from tradingbot.paper import bybit_orders as orders
from tradingbot.paper import bybit_queries as queries
from tradingbot.paper.bybit_gateway import Endpoint
from tradingbot.paper.options import PaperLimits

FEE_QUERIES = 5  # a second


def _orders(limits: PaperLimits) -> int:
    return limits.bybit_orders_per_second


def _amends(limits: PaperLimits) -> int:
    return limits.bybit_amends_per_second


def _queries(limits: PaperLimits) -> int:
    return limits.bybit_queries_per_second


def _fees(limits: PaperLimits) -> int:
    return min(FEE_QUERIES, limits.bybit_queries_per_second)


CREATE = Endpoint(orders.create, "trade", _orders, orders=True)
AMEND = Endpoint(orders.amend, "trade", _amends)
CANCEL = Endpoint(orders.cancel, "trade", _orders)

REST: dict[tuple[str, str], Endpoint] = {
    ("GET", "market/time"): Endpoint(market.time),
    ("GET", "market/instruments-info"): Endpoint(market.instruments),
    ("GET", "market/tickers"): Endpoint(market.tickers),
    ("GET", "market/orderbook"): Endpoint(market.orderbook),
    ("GET", "market/kline"): Endpoint(market.klines),
    ("GET", "market/recent-trade"): Endpoint(market.recent_trades),
    ("POST", "order/create"): CREATE,
    ("POST", "order/create-batch"): Endpoint(orders.create_batch, "trade", _orders),
    ("POST", "order/amend"): AMEND,
    ("POST", "order/cancel"): CANCEL,
    ("POST", "order/cancel-all"): Endpoint(orders.cancel_all, "trade", _orders),
    ("GET", "order/realtime"): Endpoint(queries.realtime, "read", _queries),
    ("GET", "order/history"): Endpoint(queries.history, "read", _queries),
    ("GET", "execution/list"): Endpoint(queries.executions, "read", _queries),
    ("GET", "account/wallet-balance"): Endpoint(account.wallet_balance, "read", _queries),
    ("GET", "account/info"): Endpoint(account.info, "read", _queries),
    ("GET", "account/fee-rate"): Endpoint(account.fee_rate, "read", _fees),
    ("GET", "user/query-api"): Endpoint(account.query_api, "read", _queries),
}

# Over the order entry socket; both ways share one limit.
SOCKET: dict[str, tuple[str, Endpoint]] = {
    "order.create": ("order/create", CREATE),
    "order.amend": ("order/amend", AMEND),
    "order.cancel": ("order/cancel", CANCEL),
}
