"""Bybit v5 spot, through ccxt's raw endpoints and sockets.

Bybit acknowledges first and decides later: an order placed, or cancelled, was taken note of. What
became of it comes by the stream, or by looking it up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import ceil
from typing import Any

import aiohttp

from tradingbot.adapters import ccxt_bybit_json as shapes
from tradingbot.adapters import ccxt_fields as its
from tradingbot.adapters.ccxt_bybit_wire import PAUSES, ROOM, address, bybit_wire
from tradingbot.adapters.ccxt_dialect import Listing, Print, Usage, Weights
from tradingbot.adapters.ccxt_errors import BYBIT, Answered
from tradingbot.adapters.ccxt_fields import Raw
from tradingbot.adapters.ccxt_line import Line, LineLost, Message
from tradingbot.adapters.ccxt_sense import candle
from tradingbot.adapters.ccxt_wire import Hearing, Wire
from tradingbot.exchanges.ports import (
    AccountNews,
    Balance,
    Mode,
    OrderReport,
    OrderRequest,
    Trade,
    TradeMark,
)
from tradingbot.kit.clock import milliseconds
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.money import plain
from tradingbot.trading.order import OrderType

SPOT = {"category": "spot"}
PAGE = 50
TRADES_A_PAGE = 100
PRINTS_MAX = 60
TOPICS_A_REQUEST = 10
OWN_TOPICS = ("order", "execution", "wallet")
MINUTE_MS = 60_000
WINDOW_MS = 7 * 86_400_000  # the longest stretch of trades one question may ask for
OVERLAP_MS = 300_000  # the list of trades lags; what comes twice counts once
INTERVALS = {
    "1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120",
    "4h": "240", "6h": "360", "12h": "720", "1d": "D", "1w": "W", "1M": "M",
}  # fmt: skip


class Bybit:
    name = "bybit"
    codes = BYBIT
    # Requests, and as many as there may be: looking up can take three.
    weights = Weights(
        place=1,
        cancel=3,
        find=3,
        open_orders=10,
        all_open_orders=10,
        trades=1,
        trades_of_order=1,
        balances=1,
        time=1,
        price=1,
        candles=1,
        markets=1,
        prices_since=2,
        connect=1,
    )
    weight_window_ms = shapes.WINDOW_MS

    def wire(
        self, mode: Mode, paper_url: str | None, session: aiohttp.ClientSession, hearing: Hearing
    ) -> Wire:
        return bybit_wire(mode, paper_url, session, hearing)

    def usage(self, status: int, headers: Mapping[str, str]) -> Usage:
        """Of orders Bybit says how many more there may be; what is used is put in our measure."""
        limit, left = (int(headers.get(name, 0)) for name in ROOM)
        used = ceil((limit - left) * shapes.ORDERS_MAX / limit) if limit else None
        pause = float(headers.get("RETRY-AFTER", PAUSES[status])) if status in PAUSES else 0.0
        return Usage(
            weight=None,
            orders_by_ms={} if used is None else {shapes.WINDOW_MS: used},
            pause_seconds=pause,
        )

    async def place(self, wire: Any, request: OrderRequest) -> OrderReport:
        asked = {
            **SPOT,
            "symbol": _id(request.symbol),
            "side": request.side.capitalize(),
            "qty": plain(request.quantity),
            "orderLinkId": request.client_order_id,
            "orderFilter": "Order",
            "isLeverage": 0,
        }
        if request.type is OrderType.MARKET:
            # Left out, a buy's quantity would be an amount of quote.
            asked |= {"orderType": "Market", "marketUnit": "baseCoin"}
        else:
            assert request.price is not None, "only a market order goes without a price"
            waits = request.type is OrderType.LIMIT_MAKER
            asked |= {
                "orderType": "Limit",
                "price": plain(request.price),
                "timeInForce": "PostOnly" if waits else "GTC",
            }
        once = wire.for_one(request.sign_timestamp_ms, request.recv_window_ms)
        return shapes.acknowledged(request, await once.private_post_v5_order_create(asked))

    async def cancel(self, wire: Any, symbol: str, exchange_order_id: str) -> OrderReport | None:
        asked = {**SPOT, "symbol": _id(symbol), "orderId": exchange_order_id}
        shapes.result(await wire.private_post_v5_order_cancel({**asked, "orderFilter": "Order"}))
        return await self._look(wire, symbol, orderId=exchange_order_id)

    async def find(self, wire: Any, symbol: str, client_order_id: str) -> OrderReport | None:
        found = await self._look(wire, symbol, orderLinkId=client_order_id)
        return found or await self._by_fills(wire, symbol, client_order_id)

    async def find_by_exchange_id(
        self, wire: Any, symbol: str, exchange_order_id: str
    ) -> OrderReport | None:
        return await self._look(wire, symbol, orderId=exchange_order_id)

    async def _look(self, wire: Any, symbol: str, **which: str) -> OrderReport | None:
        about = {"symbol": _id(symbol), **which}
        for look in (wire.private_get_v5_order_realtime, wire.private_get_v5_order_history):
            if rows := shapes.listed(await look({**SPOT, **about}), **about):
                return shapes.order_report(symbol, rows[0])
        return None

    async def _by_fills(self, wire: Any, symbol: str, client_order_id: str) -> OrderReport | None:
        about = {"symbol": _id(symbol), "orderLinkId": client_order_id}
        asked = {**SPOT, **about, "limit": TRADES_A_PAGE}
        rows = shapes.listed(await wire.private_get_v5_execution_list(asked), **about)
        fills = [row for row in rows if shapes.is_trade(row)]
        return shapes.from_executions(symbol, fills) if fills else None

    async def open_orders(
        self, wire: Any, symbol: str | None, symbols: Mapping[str, str]
    ) -> list[OrderReport]:
        about = {} if symbol is None else {"symbol": _id(symbol)}
        found: list[OrderReport] = []
        cursor: str | None = None
        while True:
            asked = {**SPOT, **about, "openOnly": 0, "limit": PAGE, **_at(cursor)}
            answer = await wire.private_get_v5_order_realtime(asked)
            found += [
                shapes.order_report(symbols[its.text(row, "symbol")], row)
                for row in shapes.listed(answer, **about)
            ]
            cursor = shapes.following(answer, cursor)
            if cursor is None:
                return found

    async def trades_of(
        self, wire: Any, symbol: str, exchange_order_id: str, page: str | None
    ) -> tuple[list[Trade], str | None]:
        about = {"symbol": _id(symbol), "orderId": exchange_order_id}
        answer = await wire.private_get_v5_execution_list(
            {**SPOT, **about, "limit": TRADES_A_PAGE, **_at(page)}
        )
        return _trades(symbol, shapes.listed(answer, **about)), shapes.following(answer, page)

    async def trades_since(
        self, wire: Any, symbol: str, mark: TradeMark, page: str | None
    ) -> tuple[list[Trade], str | None]:
        """A page is where a window of time begins, and where in it to go on."""
        begin, _, cursor = (page or str(milliseconds(mark.at) - OVERLAP_MS)).partition("|")
        end = int(begin) + WINDOW_MS
        about = {"symbol": _id(symbol)}
        asked = {**SPOT, **about, "startTime": int(begin), "endTime": end, "limit": TRADES_A_PAGE}
        answer = await wire.private_get_v5_execution_list({**asked, **_at(cursor)})
        trades = _trades(symbol, shapes.listed(answer, **about))
        if (more := shapes.following(answer, cursor or None)) is not None:
            return trades, f"{begin}|{more}"
        return trades, str(end) if end < wire.nonce() else None

    async def balances(self, wire: Any) -> dict[str, Balance]:
        asked = {"accountType": "UNIFIED"}
        return shapes.balances(await wire.private_get_v5_account_wallet_balance(asked))

    async def time_ms(self, wire: Any) -> int:
        held = shapes.result(await wire.public_get_v5_market_time())
        return its.at_ms(int(its.text(held, "timeNano")) // 1_000_000, "timeNano")

    async def listing(self, wire: Any) -> Listing:
        answer = await wire.public_get_v5_market_instruments_info(SPOT)
        return await asyncio.to_thread(shapes.listing, answer)

    async def price(self, wire: Any, symbol: str) -> Decimal:
        about = {"symbol": _id(symbol)}
        (row,) = shapes.listed(await wire.public_get_v5_market_tickers({**SPOT, **about}), **about)
        return its.positive(row, "lastPrice")

    async def candles(
        self, wire: Any, symbol: str, timeframe: str, limit: int, before_ms: int | None
    ) -> list[Candle]:
        asked: dict[str, Any] = {"interval": INTERVALS[timeframe], "limit": limit}
        if before_ms is not None:
            asked["end"] = before_ms - 1
        return await self._candles(wire, symbol, asked)

    async def _candles(self, wire: Any, symbol: str, asked: Mapping[str, Any]) -> list[Candle]:
        answer = await wire.public_get_v5_market_kline({**SPOT, "symbol": _id(symbol), **asked})
        rows = its.rows(its.required(shapes.result(answer), "list"))
        return [candle(row) for row in reversed(rows)]  # newest first

    async def prices_since(self, wire: Any, symbol: str, since_ms: int) -> list[Decimal]:
        about = {"symbol": _id(symbol)}
        answer = await wire.public_get_v5_market_recent_trade(
            {**SPOT, **about, "limit": PRINTS_MAX}
        )
        prints = sorted(
            (its.at_ms(its.required(row, "time"), "time"), its.positive(row, "price"))
            for row in shapes.listed(answer, **about)
        )
        until = prints[0][0] if prints else wire.nonce()
        minutes: list[Candle] = []
        if until > since_ms:  # the last sixty trades do not reach back far enough
            begin = since_ms - since_ms % MINUTE_MS
            asked = {"interval": "1", "start": begin, "end": until, "limit": 1_000}
            minutes = await self._candles(wire, symbol, asked)
        return [
            *shapes.prices_within(minutes, since_ms),
            *(price for at, price in prints if at >= since_ms),
        ]

    def account_line(self, wire: Wire) -> str:
        return address(wire, "private", "spot", "unified")

    async def listen(self, line: Line) -> None:
        wire: Any = line.wire
        answer = await line.ask(wire.greeting(), "auth")
        if answer.get("success") is not True:
            await self._say_why(wire, answer)
        await _agree(line, "subscribe", OWN_TOPICS)

    async def _say_why(self, wire: Any, answer: Message) -> None:
        """On its streams Bybit says "Params Error" to a wrong key and to a wrong clock alike."""
        try:
            await self.balances(wire)
        except Answered:
            raise
        except Exception as error:  # then nothing was learnt
            raise LineLost from error
        # The key is good, so it was the time.
        raise Answered(200, next(iter(BYBIT.stale)), str(answer.get("ret_msg")))

    def news(self, message: Message, symbols: Mapping[str, str]) -> Sequence[AccountNews]:
        return shapes.news(message, symbols)

    def market_line(self, wire: Wire) -> str:
        return address(wire, "public", "spot")

    async def follow(self, line: Line, symbols: Sequence[str]) -> None:
        await _agree(line, "subscribe", _topics(symbols))

    async def unfollow(self, line: Line, symbols: Sequence[str]) -> None:
        await _agree(line, "unsubscribe", _topics(symbols))

    def prints_of(self, message: Message) -> Sequence[Print]:
        if not str(message.get("topic", "")).startswith("publicTrade."):
            return ()
        return [
            Print(
                its.text(row, "s"),
                its.positive(row, "p"),
                its.at_ms(its.required(row, "T"), "T"),
            )
            for row in its.rows(its.required(message, "data"))
        ]

    def answer_id(self, message: Message) -> str | None:
        """Not every answer carries the number of its question, but all say to what they answer."""
        return str(message["op"]) if "op" in message else None

    def ended(self, message: Message) -> bool:
        return False


def _id(symbol: str) -> str:
    return symbol.replace("/", "")


def _at(cursor: str | None) -> dict[str, str]:
    return {"cursor": cursor} if cursor else {}


def _trades(symbol: str, rows: Sequence[Raw]) -> list[Trade]:
    """They come newest first."""
    return [shapes.trade(symbol, row) for row in reversed(rows) if shapes.is_trade(row)]


def _topics(symbols: Sequence[str]) -> list[str]:
    return [f"publicTrade.{_id(symbol)}" for symbol in symbols]


async def _agree(line: Line, what: str, topics: Sequence[str]) -> None:
    for place in range(0, len(topics), TOPICS_A_REQUEST):
        message = {"op": what, "args": topics[place : place + TOPICS_A_REQUEST]}
        answer = await line.ask(message, what)
        if answer.get("success") is not True:
            raise Answered(200, None, str(answer.get("ret_msg")))
