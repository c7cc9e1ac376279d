"""What everybody may know: markets, prices, books, candles, the Bybit way."""

from itertools import islice
from typing import Any

from tradingbot.paper import bybit_errors as errors
from tradingbot.paper.bybit_engine import Engine
from tradingbot.paper.bybit_filters import QUOTE_STEP
from tradingbot.paper.bybit_gateway import Call, Result
from tradingbot.paper.bybit_shapes import id_of
from tradingbot.paper.candles import Candle
from tradingbot.paper.charges import price_in
from tradingbot.paper.hall import Hall
from tradingbot.paper.tape import Trade
from tradingbot.paper.venue import Venue
from tradingbot.simulation.matching import Level
from tradingbot.trading.market import Market
from tradingbot.trading.money import plain
from tradingbot.trading.order import Side

INTERVALS = {
    "1": "1m",
    "3": "3m",
    "5": "5m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "120": "2h",
    "240": "4h",
    "360": "6h",
    "720": "12h",
    "D": "1d",
    "W": "1w",
    "M": "1M",
}
BOOK_LIMIT = 1_000


def time(call: Call) -> Result:
    now = call.venue.now()
    return {"timeSecond": str(now // 1000), "timeNano": str(now * 1_000_000)}


def instruments(call: Call) -> Result:
    return {"category": "spot", "list": [_instrument(hall.market) for hall in _chosen(call)]}


def tickers(call: Call) -> Result:
    return {"category": "spot", "list": [ticker(call.venue, hall) for hall in _chosen(call)]}


def orderbook(call: Call) -> Result:
    hall = _hall(call)
    limit = call.params.limit(1, BOOK_LIMIT)
    bids, asks = levels(hall, limit)
    now = call.venue.now()
    number = update_number(call.engine, hall)
    body = {"s": id_of(hall.market.symbol), "b": written(bids), "a": written(asks)}
    return body | {"ts": now, "u": number, "seq": number, "cts": now}


def klines(call: Call) -> Result:
    """Newest first."""
    hall = _hall(call)
    interval = INTERVALS.get(call.params.need("interval"))
    if interval is None:
        raise errors.wrong("Invalid period!")
    limit = call.params.limit(200, 1_000)
    start, end = call.params.integer("start"), call.params.integer("end")
    candles = hall.tape.chart.between(interval, start, end, limit if end is None else 1 << 62)
    listed = [kline(candle) for candle in reversed(candles[-limit:])]
    return {"category": "spot", "symbol": id_of(hall.market.symbol), "list": listed}


def recent_trades(call: Call) -> Result:
    """Newest first."""
    hall = _hall(call)
    newest = islice(reversed(hall.tape.trades), call.params.limit(60, 60))
    return {"category": "spot", "list": [_recent(hall, trade) for trade in newest]}


def ticker(venue: Venue, hall: Hall) -> dict[str, Any]:
    hall.refresh()
    (bid, bid_size), (ask, ask_size) = hall.best(Side.BUY), hall.best(Side.SELL)
    return {
        "bid1Price": plain(bid),
        "bid1Size": plain(bid_size),
        "ask1Price": plain(ask),
        "ask1Size": plain(ask_size),
        **day(venue, hall),
    }


def day(venue: Venue, hall: Hall) -> dict[str, Any]:
    """The part of a ticker that streams tell."""
    candle, last = hall.tape.day(), hall.tape.last
    dollars = price_in(venue.halls, hall.market.base, "USDT")
    return {
        "symbol": id_of(hall.market.symbol),
        "lastPrice": plain(last),
        "highPrice24h": plain(candle.high),
        "lowPrice24h": plain(candle.low),
        "prevPrice24h": plain(candle.open),
        "volume24h": plain(candle.volume),
        "turnover24h": plain(candle.turnover),
        "price24hPcnt": f"{(last - candle.open) / candle.open:.4f}",
        "usdIndexPrice": "" if dollars is None else plain(dollars),
    }


def levels(hall: Hall, limit: int) -> tuple[list[Level], list[Level]]:
    """The best bids and asks."""
    hall.refresh()
    bids, asks = hall.book.levels(Side.BUY), hall.book.levels(Side.SELL)
    return list(islice(bids, limit)), list(islice(asks, limit))


def written(chosen: list[Level]) -> list[list[str]]:
    return [[plain(price), plain(quantity)] for price, quantity in chosen]


def update_number(engine: Engine, hall: Hall) -> int:
    """Grows with every change of the book, and goes on growing after a restart."""
    return engine.started * 1_000 + hall.book.version


def kline(candle: Candle) -> list[str]:
    prices = candle.open, candle.high, candle.low, candle.close
    amounts = candle.volume, candle.turnover
    return [str(candle.opened), *map(plain, prices), *map(plain, amounts)]


def _recent(hall: Hall, trade: Trade) -> dict[str, Any]:
    return {
        "execId": str(trade.id),
        "symbol": id_of(hall.market.symbol),
        "price": plain(trade.price),
        "size": plain(trade.quantity),
        "side": "Sell" if trade.buyer_is_maker else "Buy",
        "time": str(trade.at),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(trade.id),
    }


def _instrument(market: Market) -> dict[str, Any]:
    return {
        "symbolId": sum(map(ord, market.symbol)),
        "symbol": id_of(market.symbol),
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": plain(market.step_size),
            "quotePrecision": plain(QUOTE_STEP),
            "minOrderQty": plain(market.quantity_min),
            "maxOrderQty": plain(market.quantity_max),
            "minOrderAmt": plain(market.notional_min),
            "maxOrderAmt": "9000000",
            "maxLimitOrderQty": plain(market.quantity_max),
            "maxMarketOrderQty": plain(market.quantity_max),
            "postOnlyMaxLimitOrderSize": plain(market.quantity_max),
        },
        "priceFilter": {"tickSize": plain(market.tick_size)},
        "riskParameters": {"priceLimitRatioX": "0.8", "priceLimitRatioY": "4"},
        "symbolType": "",
    }


def _chosen(call: Call) -> list[Hall]:
    call.params.spot()
    if call.params.text("symbol") is None:
        return list(call.venue.halls.values())
    return [call.hall(errors.unknown_market())]


def _hall(call: Call) -> Hall:
    call.params.spot()
    return call.hall(errors.unknown_market())
