"""The markets paper money can trade, with rules like the real ones."""

from decimal import Decimal

from tradingbot.paper.options import PaperOptions
from tradingbot.trading.market import Market

_EIGHT_PLACES = 8


def _rules(symbol: str, tick: str, step: str, notional_min: str) -> tuple[str, str, str, str]:
    return symbol, tick, step, notional_min


# Tick and step together never exceed the eight places of an amount: no value is ever rounded.
RULES = {
    rules[0]: rules
    for rules in (
        _rules("BTC/USDT", "0.01", "0.00001", "5"),
        _rules("ETH/USDT", "0.01", "0.0001", "5"),
        _rules("BNB/USDT", "0.01", "0.001", "5"),
        _rules("SOL/USDT", "0.01", "0.001", "5"),
        _rules("FIL/USDT", "0.001", "0.01", "5"),
        _rules("ETH/BTC", "0.00001", "0.001", "0.0001"),
    )
}


def market(symbol: str, options: PaperOptions, places: int = 2) -> Market:
    """A known market, or a new one whose prices have that many decimal places."""
    tick = Decimal(1).scaleb(-places)
    step = Decimal(1).scaleb(-min(5, _EIGHT_PLACES - places))
    _, known_tick, known_step, notional_min = RULES.get(symbol, ("", str(tick), str(step), "5"))
    base, quote = symbol.split("/")
    return Market(
        symbol=symbol,
        base=base,
        quote=quote,
        tick_size=Decimal(known_tick),
        step_size=Decimal(known_step),
        quantity_min=Decimal(known_step),
        quantity_max=Decimal(1_000_000),
        notional_min=Decimal(notional_min),
        maker_fee=options.fees.maker,
        taker_fee=options.fees.taker,
        orders_max=options.limits.open_orders_per_market,
    )
