"""Market events as Binance's streams write them."""

from collections.abc import Callable
from typing import TypeAlias

from tradingbot.paper import binance_market as market
from tradingbot.paper.binance_depth import Levels, written
from tradingbot.paper.binance_shapes import id_of, money
from tradingbot.paper.candles import Candle, closing
from tradingbot.paper.hall import Hall
from tradingbot.paper.tape import Trade

DepthTeller: TypeAlias = Callable[[int, int, Levels, Levels], None]


def trade(symbol: str, traded: Trade, now: int) -> dict[str, object]:
    return {
        "e": "trade",
        "E": now,
        "s": id_of(symbol),
        "t": traded.id,
        "p": money(traded.price),
        "q": money(traded.quantity),
        "T": traded.at,
        "m": traded.buyer_is_maker,
        "M": True,
    }


def aggregated_trade(symbol: str, traded: Trade, now: int) -> dict[str, object]:
    return {"e": "aggTrade", "E": now, "s": id_of(symbol), **market.aggregated(traded)}


def book_ticker(hall: Hall) -> dict[str, object]:
    best = market.book_ticker(hall)
    return {
        "u": hall.tape.last_id,
        "s": best["symbol"],
        "b": best["bidPrice"],
        "B": best["bidQty"],
        "a": best["askPrice"],
        "A": best["askQty"],
    }


def mini_ticker(hall: Hall, now: int) -> dict[str, object]:
    day = hall.tape.day()
    return {
        "e": "24hrMiniTicker",
        "E": now,
        "s": id_of(hall.market.symbol),
        "c": money(hall.tape.last),
        "o": money(day.open),
        "h": money(day.high),
        "l": money(day.low),
        "v": money(day.volume),
        "q": money(day.turnover),
    }


def ticker(hall: Hall, now: int) -> dict[str, object]:
    day = market.day_ticker(hall)
    return {
        "e": "24hrTicker",
        "E": now,
        "s": day["symbol"],
        "p": day["priceChange"],
        "P": day["priceChangePercent"],
        "w": day["weightedAvgPrice"],
        "x": day["prevClosePrice"],
        "c": day["lastPrice"],
        "Q": day["lastQty"],
        "b": day["bidPrice"],
        "B": day["bidQty"],
        "a": day["askPrice"],
        "A": day["askQty"],
        "o": day["openPrice"],
        "h": day["highPrice"],
        "l": day["lowPrice"],
        "v": day["volume"],
        "q": day["quoteVolume"],
        "O": day["openTime"],
        "C": day["closeTime"],
        "F": day["firstId"],
        "L": day["lastId"],
        "n": day["count"],
    }


def kline(
    symbol: str, candle: Candle, interval: str, now: int, *, closed: bool
) -> dict[str, object]:
    return {
        "e": "kline",
        "E": now,
        "s": id_of(symbol),
        "k": {
            "t": candle.opened,
            "T": closing(candle.opened, interval),
            "s": id_of(symbol),
            "i": interval,
            "f": -1,
            "L": -1,
            "o": money(candle.open),
            "c": money(candle.close),
            "h": money(candle.high),
            "l": money(candle.low),
            "v": money(candle.volume),
            "n": candle.trades,
            "x": closed,
            "q": money(candle.turnover),
            "V": money(candle.volume / 2),
            "Q": money(candle.turnover / 2),
            "B": "0",
        },
    }


def depth(
    symbol: str, span: tuple[int, int], bids: Levels, asks: Levels, now: int
) -> dict[str, object]:
    return {
        "e": "depthUpdate",
        "E": now,
        "s": id_of(symbol),
        "U": span[0],
        "u": span[1],
        "b": written(bids),
        "a": written(asks),
    }
