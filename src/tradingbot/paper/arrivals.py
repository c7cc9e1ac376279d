"""What arrives at the doors: what each request is about, and the orders it asks for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

import orjson

from tradingbot.paper.faults import On
from tradingbot.paper.venue import Venue

BINANCE, BYBIT = "binance", "bybit"
CID = re.compile(r"(?:^|&)newClientOrderId=([^&]*)")
SYMBOL = re.compile(r"(?:^|&)symbol=([^&]*)")

KINDS: Mapping[tuple[str, str], On] = {
    ("POST", "/binance/api/v3/order"): On.PLACE,
    ("POST", "/binance/api/v3/order/cancelReplace"): On.PLACE,
    ("DELETE", "/binance/api/v3/order"): On.CANCEL,
    ("DELETE", "/binance/api/v3/openOrders"): On.CANCEL_ALL,
    ("GET", "/binance/api/v3/order"): On.FIND,
    ("GET", "/binance/api/v3/allOrders"): On.FIND,
    ("GET", "/binance/api/v3/openOrders"): On.OPEN_ORDERS,
    ("GET", "/binance/api/v3/myTrades"): On.TRADES,
    ("GET", "/binance/api/v3/account"): On.BALANCES,
    ("GET", "/binance/api/v3/time"): On.TIME,
    ("POST", "/bybit/v5/order/create"): On.PLACE,
    ("POST", "/bybit/v5/order/create-batch"): On.PLACE,
    ("POST", "/bybit/v5/order/cancel"): On.CANCEL,
    ("POST", "/bybit/v5/order/cancel-batch"): On.CANCEL,
    ("POST", "/bybit/v5/order/cancel-all"): On.CANCEL_ALL,
    ("GET", "/bybit/v5/order/realtime"): On.OPEN_ORDERS,  # or FIND, when it names an order
    ("GET", "/bybit/v5/order/history"): On.FIND,
    ("GET", "/bybit/v5/execution/list"): On.TRADES,
    ("GET", "/bybit/v5/account/wallet-balance"): On.BALANCES,
    ("GET", "/bybit/v5/market/time"): On.TIME,
}
PLACES = frozenset(known for known, on in KINDS.items() if on is On.PLACE)
# Everything else, by how its path begins: the first that fits.
PREFIXES: tuple[tuple[str, On], ...] = (
    ("/binance/stream", On.MARKET_STREAM),
    ("/binance/ws-api/", On.USER_STREAM),
    ("/bybit/v5/public/", On.MARKET_STREAM),
    ("/bybit/v5/private", On.USER_STREAM),
    ("/bybit/v5/trade", On.USER_STREAM),
    ("/bybit/v5/market/", On.MARKET),
    *(
        (f"/binance/api/v3/{name}", On.MARKET)
        for name in ("ping", "exchangeInfo", "trades", "aggTrades", "klines", "ticker/", "depth")
    ),
    ("/binance/", On.OTHER),
    ("/bybit/", On.OTHER),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    exchange: str
    on: On


@dataclass(frozen=True, slots=True)
class Post:
    """One order that is asked for, as its protocol writes it; what cannot be read is empty."""

    cid: str
    symbol: str


def arrival(method: str, path: str, query: str) -> Arrival | None:
    """`query` as it was sent. None: not one of the exchange's own doors."""
    on = KINDS.get((method, path))
    if on is None:
        on = next((kind for prefix, kind in PREFIXES if path.startswith(prefix)), None)
    elif path.endswith("/realtime") and ("orderId=" in query or "orderLinkId=" in query):
        on = On.FIND
    return None if on is None else Arrival(exchange_of(path), on)


def exchange_of(path: str) -> str:
    return BYBIT if path.startswith("/bybit/") else BINANCE


def posts(exchange: str, query: str, body: bytes) -> list[Post]:
    """The orders a request asks for, one for each of a batch."""
    return _bybit_posts(body) if exchange == BYBIT else _binance_posts(query, body)


def note(
    venue: Venue, exchange: str, account: str | None, post: Post, fault: str | None = None
) -> None:
    """Write down that an order request is here, before anything is decided about it."""
    sent = {
        "exchange": exchange,
        "account": account,
        "cid": post.cid,
        "symbol": venue.symbols.get(post.symbol, ""),
    }
    venue.journal.append("post", venue.now(), **sent, **({"fault": fault} if fault else {}))


def _binance_posts(query: str, body: bytes) -> list[Post]:
    # Reading only these two costs a tenth of reading all, and every order pays for it.
    sent = f"{query}&{body.decode('utf-8', 'replace')}"
    cid, symbol = CID.search(sent), SYMBOL.search(sent)
    return [Post(unquote_plus(cid[1]) if cid else "", unquote_plus(symbol[1]) if symbol else "")]


def _bybit_posts(body: bytes) -> list[Post]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        asked = None
    several = asked.get("request") if isinstance(asked, dict) else None
    return [bybit_post(each) for each in (several if isinstance(several, list) else [asked])]


def bybit_post(asked: object) -> Post:
    named = asked if isinstance(asked, dict) else {}
    return Post(_text(named.get("orderLinkId")), _text(named.get("symbol")))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
