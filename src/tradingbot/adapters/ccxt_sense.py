"""What an exchange says, held against itself: more filled than was ordered is no news."""

import logging
from collections.abc import Callable, Iterable, Sequence

from tradingbot.adapters import ccxt_fields as its
from tradingbot.adapters.ccxt_fields import Raw
from tradingbot.exchanges.ports import OrderReport, Trade
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market
from tradingbot.trading.money import ZERO

_log = logging.getLogger(__name__)


def sound_report(report: OrderReport) -> OrderReport:
    """Raise ValueError when its own numbers contradict each other."""
    if report.quantity is not None and report.filled_quantity > report.quantity:
        raise ValueError(f"{report.filled_quantity} of {report.quantity} filled")
    told = sum((trade.quantity for trade in report.trades), ZERO)
    if told > report.filled_quantity:
        raise ValueError(f"fills of {told} in a report of {report.filled_quantity}")
    return report


def sound_trade(trade: Trade) -> Trade:
    """Raise ValueError when its fee, in a coin of the trade, is more than was traded."""
    base, _, quote = trade.symbol.partition("/")
    traded = {base: trade.quantity, quote: trade.quantity * trade.price}
    if abs(trade.fee) > traded.get(trade.fee_currency, abs(trade.fee)):
        raise ValueError(f"a fee of {trade.fee} {trade.fee_currency}")
    return trade


def candle(row: Sequence[object]) -> Candle:
    """When it opened, then first, highest, lowest, last price and volume; the rest is ignored."""
    opened, *amounts = row[:6]
    first, high, low, last, volume = (its.not_negative(value, "candle") for value in amounts)
    if not ZERO < low <= min(first, last) or max(first, last) > high:
        raise ValueError(f"a candle from {first} to {last} between {low} and {high}")
    return Candle(its.at_ms(opened, "candle"), first, high, low, last, volume)


def readable(rows: Iterable[Raw], read: Callable[[Raw], Market]) -> dict[str, Market]:
    """The markets whose rules make sense; on another nobody can trade, but the rest goes on."""
    markets: dict[str, Market] = {}
    for row in rows:
        try:
            market = read(row)
        except ValueError as error:
            _log.warning("market %s is left out: %s", row.get("symbol"), error)
        else:
            markets[market.symbol] = market
    return markets
