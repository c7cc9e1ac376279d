"""Binance spot, through ccxt's raw endpoints and sockets."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import aiohttp

from tradingbot.adapters import ccxt_binance_json as shapes
from tradingbot.adapters import ccxt_fields as its
from tradingbot.adapters.ccxt_dialect import Listing, Print, Usage, Weights
from tradingbot.adapters.ccxt_errors import BINANCE, Answered
from tradingbot.adapters.ccxt_fields import rows
from tradingbot.adapters.ccxt_lean import pro_class
from tradingbot.adapters.ccxt_limits import DAY_MS, MINUTE_MS, TEN_SECONDS_MS
from tradingbot.adapters.ccxt_line import Line, Message
from tradingbot.adapters.ccxt_sense import candle
from tradingbot.adapters.ccxt_wire import Hearing, Wire, block, settings
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

PAGE = 1_000
PAGES_MAX = 10
PAUSES = {429: 60.0, 418: 120.0}
ORDER_COUNTS = {"X-MBX-ORDER-COUNT-10S": TEN_SECONDS_MS, "X-MBX-ORDER-COUNT-1D": DAY_MS}

_Ccxt: Any = pro_class("binance")


class BinanceWire(Wire, _Ccxt):  # type: ignore[misc]  # ccxt carries no types
    @staticmethod
    def said(answer: Any) -> tuple[int, str] | None:
        if isinstance(answer, dict) and "code" in answer:
            return int(answer["code"]), str(answer.get("msg", ""))
        return None


class Binance:
    name = "binance"
    codes = BINANCE
    weights = Weights(
        place=1,
        cancel=1,
        find=4,
        open_orders=6,
        all_open_orders=80,
        trades=20,
        trades_of_order=5,
        balances=20,
        time=1,
        price=2,
        candles=2,
        markets=20,
        prices_since=4,
        connect=2,
    )
    weight_window_ms = MINUTE_MS

    def wire(
        self, mode: Mode, paper_url: str | None, session: aiohttp.ClientSession, hearing: Hearing
    ) -> Wire:
        wire = BinanceWire(settings(session))
        wire.hearing = hearing
        if mode is Mode.TESTNET:
            wire.set_sandbox_mode(True)
        if mode is Mode.PAPER:
            assert paper_url is not None, "paper mode needs the paper exchange's address"
            _point_at(wire.urls["api"], f"{paper_url.rstrip('/')}/binance")
        return wire

    def usage(self, status: int, headers: Mapping[str, str]) -> Usage:
        weight = headers.get("X-MBX-USED-WEIGHT-1M")
        pause = float(headers.get("RETRY-AFTER", PAUSES[status])) if status in PAUSES else 0.0
        return Usage(
            weight=int(weight) if weight is not None else None,
            orders_by_ms={
                length: int(headers[name])
                for name, length in ORDER_COUNTS.items()
                if name in headers
            },
            pause_seconds=pause,
        )

    async def place(self, wire: Any, request: OrderRequest) -> OrderReport:
        asked = {
            "symbol": _id(request.symbol),
            "side": request.side.upper(),
            "type": request.type.upper(),
            "quantity": plain(request.quantity),
            "newClientOrderId": request.client_order_id,
            "newOrderRespType": "FULL",
            "recvWindow": request.recv_window_ms,
            "timestamp": request.sign_timestamp_ms,
        }
        if request.type is not OrderType.MARKET:
            assert request.price is not None, "only a market order goes without a price"
            asked["price"] = plain(request.price)
        if request.type is OrderType.LIMIT:
            asked["timeInForce"] = "GTC"
        return shapes.order_report(request.symbol, await wire.private_post_order(asked))

    async def cancel(self, wire: Any, symbol: str, exchange_order_id: str) -> OrderReport:
        asked = {"symbol": _id(symbol), "orderId": exchange_order_id}
        return shapes.order_report(symbol, await wire.private_delete_order(asked))

    async def find(self, wire: Any, symbol: str, client_order_id: str) -> OrderReport:
        asked = {"symbol": _id(symbol), "origClientOrderId": client_order_id}
        return shapes.order_report(symbol, await wire.private_get_order(asked))

    async def find_by_exchange_id(
        self, wire: Any, symbol: str, exchange_order_id: str
    ) -> OrderReport:
        asked = {"symbol": _id(symbol), "orderId": exchange_order_id}
        return shapes.order_report(symbol, await wire.private_get_order(asked))

    async def open_orders(
        self, wire: Any, symbol: str | None, symbols: Mapping[str, str]
    ) -> list[OrderReport]:
        asked = {} if symbol is None else {"symbol": _id(symbol)}
        return [
            shapes.order_report(symbols[its.text(row, "symbol")], row)
            for row in rows(await wire.private_get_openorders(asked))
        ]

    async def trades_of(
        self, wire: Any, symbol: str, exchange_order_id: str, page: str | None
    ) -> tuple[list[Trade], str | None]:
        asked = {"orderId": exchange_order_id}
        return await self._trades(
            wire, symbol, asked if page is None else {**asked, "fromId": page}
        )

    async def trades_since(
        self, wire: Any, symbol: str, mark: TradeMark, page: str | None
    ) -> tuple[list[Trade], str | None]:
        if page is None and mark.trade_id is not None:
            page = str(int(mark.trade_id) + 1)
        asked = {"startTime": milliseconds(mark.at)} if page is None else {"fromId": page}
        return await self._trades(wire, symbol, asked)

    async def _trades(
        self, wire: Any, symbol: str, asked: Mapping[str, object]
    ) -> tuple[list[Trade], str | None]:
        answer = await wire.private_get_mytrades({"symbol": _id(symbol), "limit": PAGE, **asked})
        trades = [shapes.my_trade(symbol, row) for row in rows(answer)]
        numbers = sorted(int(trade.trade_id) for trade in trades)
        # Not from after the last one: the page may end between the two sides of it.
        return trades, str(max(numbers[-1], numbers[0] + 1)) if len(trades) == PAGE else None

    async def balances(self, wire: Any) -> dict[str, Balance]:
        return shapes.balances(await wire.private_get_account())

    async def time_ms(self, wire: Any) -> int:
        return its.at_ms((await wire.public_get_time())["serverTime"], "serverTime")

    async def listing(self, wire: Any) -> Listing:
        info = await wire.public_get_exchangeinfo()
        return await asyncio.to_thread(shapes.listing, info)

    async def price(self, wire: Any, symbol: str) -> Decimal:
        return its.positive(await wire.public_get_ticker_price({"symbol": _id(symbol)}), "price")

    async def candles(
        self, wire: Any, symbol: str, timeframe: str, limit: int, before_ms: int | None
    ) -> list[Candle]:
        asked: dict[str, Any] = {"symbol": _id(symbol), "interval": timeframe, "limit": limit}
        if before_ms is not None:
            asked["endTime"] = before_ms - 1
        return [candle(row) for row in rows(await wire.public_get_klines(asked))]

    async def prices_since(self, wire: Any, symbol: str, since_ms: int) -> list[Decimal]:
        asked: dict[str, Any] = {"symbol": _id(symbol), "startTime": since_ms, "limit": PAGE}
        prices: list[Decimal] = []
        for _ in range(PAGES_MAX):
            page = rows(await wire.public_get_aggtrades(asked))
            prices += [its.positive(row, "p") for row in page]
            if len(page) < PAGE:
                break
            asked = {"symbol": _id(symbol), "fromId": page[-1]["a"] + 1, "limit": PAGE}
        return prices

    def account_line(self, wire: Wire) -> str:
        return str(wire.urls["api"]["ws"]["ws-api"]["spot"])

    async def listen(self, line: Line) -> None:
        wire: Any = line.wire
        number = line.next_number()
        message = {
            "id": number,
            "method": "userDataStream.subscribe.signature",
            "params": wire.sign_params({}),
        }
        _agreed(await line.ask(message, number))

    def news(self, message: Message, symbols: Mapping[str, str]) -> Sequence[AccountNews]:
        return shapes.news(message.get("event") or message, symbols)

    def market_line(self, wire: Wire) -> str:
        return str(wire.urls["api"]["ws"]["spot"])

    async def follow(self, line: Line, symbols: Sequence[str]) -> None:
        await self._streams(line, "SUBSCRIBE", symbols)

    async def unfollow(self, line: Line, symbols: Sequence[str]) -> None:
        await self._streams(line, "UNSUBSCRIBE", symbols)

    async def _streams(self, line: Line, method: str, symbols: Sequence[str]) -> None:
        number = line.next_number()
        streams = [f"{_id(symbol).lower()}@trade" for symbol in symbols]
        message = {"method": method, "params": streams, "id": int(number)}
        _agreed(await line.ask(message, number))

    def prints_of(self, message: Message) -> Sequence[Print]:
        if message.get("e") != "trade":
            return ()
        at = its.at_ms(its.required(message, "T"), "T")
        return (Print(its.text(message, "s"), its.positive(message, "p"), at),)

    def answer_id(self, message: Message) -> str | None:
        return str(message["id"]) if message.get("id") is not None else None

    def ended(self, message: Message) -> bool:
        event = message.get("event") or message
        return event.get("e") in {"eventStreamTerminated", "serverShutdown"}


def _id(symbol: str) -> str:
    return symbol.replace("/", "")


def _agreed(answer: Message) -> None:
    if error := answer.get("error"):
        raise Answered(int(answer.get("status", 400)), int(error["code"]), str(error["msg"]))


def _point_at(urls: dict[str, Any], paper: str) -> None:
    block(urls)
    streams = "ws" + paper.removeprefix("http")
    urls["public"] = urls["private"] = f"{paper}/api/v3"
    urls["ws"] = {"spot": f"{streams}/stream/ws", "ws-api": {"spot": f"{streams}/ws-api/v3"}}
