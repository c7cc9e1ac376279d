"""What everybody may know: markets, prices, books, candles, the Binance way."""

from collections.abc import Callable

import orjson

from tradingbot.paper import binance_errors as errors
from tradingbot.paper.binance_depth import DepthView
from tradingbot.paper.binance_errors import ApiError
from tradingbot.paper.binance_gateway import Answer, Call, symbol_of
from tradingbot.paper.binance_params import SYMBOL, Params
from tradingbot.paper.binance_rules import exchange_info
from tradingbot.paper.binance_shapes import id_of, money
from tradingbot.paper.candles import DAY, INTERVALS, Candle, closing
from tradingbot.paper.hall import Hall
from tradingbot.paper.tape import Trade
from tradingbot.trading.order import Side

BOOK_LIMIT = 5_000
MANY = 20  # symbols up to which the weight of a ticker stays small


def ping(_: Call) -> Answer:
    return {}


def time(call: Call) -> Answer:
    return {"serverTime": call.venue.now()}


def info(call: Call) -> Answer:
    return exchange_info(call.venue, _symbols(call) or list(call.venue.halls))


def depth(views: dict[str, DepthView]) -> Callable[[Call], Answer]:
    def handle(call: Call) -> Answer:
        hall = call.hall()
        limit = call.params.limit(100, BOOK_LIMIT)
        view = views[hall.market.symbol]
        # Whoever listens to changes hears of all there are up to this snapshot.
        view.refresh()
        return {"lastUpdateId": view.update_id, **view.top(limit)}

    return handle


def trades(call: Call) -> Answer:
    recent = list(call.hall().tape.trades)[-call.params.limit(500, 1_000) :]
    return [
        {
            "id": trade.id,
            "price": money(trade.price),
            "qty": money(trade.quantity),
            "quoteQty": money(trade.price * trade.quantity),
            "time": trade.at,
            "isBuyerMaker": trade.buyer_is_maker,
            "isBestMatch": True,
        }
        for trade in recent
    ]


def aggregated_trades(call: Call) -> Answer:
    recent = list(call.hall().tape.trades)
    limit = call.params.limit(500, 1_000)
    first = call.params.integer("fromId")
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    chosen = [
        trade
        for trade in recent
        if (first is None or trade.id >= first)
        and (start is None or trade.at >= start)
        and (end is None or trade.at <= end)
    ]
    chosen = chosen[-limit:] if first is None and start is None else chosen[:limit]
    return [aggregated(trade) for trade in chosen]


def aggregated(trade: Trade) -> dict[str, object]:
    return {
        "a": trade.id,
        "p": money(trade.price),
        "q": money(trade.quantity),
        "f": trade.id,
        "l": trade.id,
        "T": trade.at,
        "m": trade.buyer_is_maker,
        "M": True,
    }


def klines(call: Call) -> Answer:
    chart = call.hall().tape.chart
    interval = call.params.need("interval")
    if interval not in INTERVALS:
        raise ApiError(-1120, "Invalid interval.")
    limit = call.params.limit(500, 1_000)
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    return [kline(candle, interval) for candle in chart.between(interval, start, end, limit)]


def kline(candle: Candle, interval: str) -> list[object]:
    return [
        candle.opened,
        money(candle.open),
        money(candle.high),
        money(candle.low),
        money(candle.close),
        money(candle.volume),
        closing(candle.opened, interval),
        money(candle.turnover),
        candle.trades,
        money(candle.volume / 2),
        money(candle.turnover / 2),
        "0",
    ]


def ticker_day(call: Call) -> Answer:
    return _for_each(call, day_ticker)


def ticker_price(call: Call) -> Answer:
    return _for_each(
        call, lambda hall: {"symbol": id_of(hall.market.symbol), "price": money(hall.tape.last)}
    )


def ticker_book(call: Call) -> Answer:
    return _for_each(call, book_ticker)


def book_ticker(hall: Hall) -> dict[str, object]:
    hall.refresh()
    (bid, bid_quantity), (ask, ask_quantity) = hall.best(Side.BUY), hall.best(Side.SELL)
    return {
        "symbol": id_of(hall.market.symbol),
        "bidPrice": money(bid),
        "bidQty": money(bid_quantity),
        "askPrice": money(ask),
        "askQty": money(ask_quantity),
    }


def day_ticker(hall: Hall) -> dict[str, object]:
    day, tape = hall.tape.day(), hall.tape
    change = tape.last - day.open
    average = day.turnover / day.volume if day.volume else tape.last
    return {
        **book_ticker(hall),
        "priceChange": money(change),
        "priceChangePercent": f"{change * 100 / day.open:.3f}",
        "weightedAvgPrice": money(average),
        "prevClosePrice": money(day.open),
        "lastPrice": money(tape.last),
        "lastQty": money(tape.trades[-1].quantity if tape.trades else day.volume),
        "openPrice": money(day.open),
        "highPrice": money(day.high),
        "lowPrice": money(day.low),
        "volume": money(day.volume),
        "quoteVolume": money(day.turnover),
        "openTime": tape.at - DAY,
        "closeTime": tape.at,
        "firstId": max(0, tape.last_id - day.trades + 1),
        "lastId": tape.last_id,
        "count": day.trades,
    }


def by_symbols(one: int, few: int, many: int) -> Callable[[Params], int]:
    """A weight that grows with the symbols asked for."""

    def weight(params: Params) -> int:
        if params.has("symbol"):
            return one
        if params.has("symbols"):
            return few if params.sent["symbols"].count(",") < MANY else many
        return many

    return weight


def _for_each(call: Call, describe: Callable[[Hall], object]) -> Answer:
    named = _symbols(call)
    described = [describe(call.venue.halls[symbol]) for symbol in named or call.venue.halls]
    return described[0] if call.params.has("symbol") else described


def _symbols(call: Call) -> list[str] | None:
    """What `symbol` or `symbols` names; None when neither was sent."""
    if call.params.has("symbol"):
        if call.params.has("symbols"):
            raise ApiError(-1128, "Combination of optional parameters invalid.")
        return [call.hall().market.symbol]
    text = call.params.text("symbols")
    if text is None:
        return None
    try:
        named = orjson.loads(text)
    except orjson.JSONDecodeError:
        named = None
    if not isinstance(named, list) or not named:
        raise errors.illegal("symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$')
    if not all(isinstance(name, str) and SYMBOL.fullmatch(name) for name in named):
        raise errors.illegal("symbols", '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$')
    return [symbol_of(call.venue, name) for name in named]
