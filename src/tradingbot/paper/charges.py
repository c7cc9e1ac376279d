"""What the exchange keeps of a fill: of what is received, or of a coin held for fees."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tradingbot.paper.accounts import Account
from tradingbot.paper.hall import Hall
from tradingbot.simulation.fees import fee_in_third_coin, fee_on
from tradingbot.simulation.matching import Match
from tradingbot.trading.money import quotient
from tradingbot.trading.order import Side


@dataclass(frozen=True, slots=True)
class Charge:
    fee: Decimal
    asset: str


def charge(
    halls: Mapping[str, Hall],
    account: Account,
    symbol: str,
    side: Side,
    match: Match,
    terms: tuple[Decimal, str | None],
) -> Charge:
    """`terms` are the rate, and the coin the account pays fees with."""
    market = halls[symbol].market
    rate, coin = terms
    value = match.price * match.quantity
    price = price_in(halls, coin, market.quote) if coin else None
    if coin and price:
        fee = fee_in_third_coin(value, rate, price)
        if account.balance(coin).free >= fee:
            return Charge(fee, coin)
    if side is Side.BUY:
        return Charge(fee_on(match.quantity, rate), market.base)
    return Charge(fee_on(value, rate), market.quote)


def price_in(halls: Mapping[str, Hall], coin: str, quote: str) -> Decimal | None:
    """What a coin costs, directly or by way of another quote; None when nobody trades it."""
    if coin == quote:
        return Decimal(1)
    if hall := halls.get(f"{coin}/{quote}"):
        return hall.tape.last
    for hall in halls.values():
        if hall.market.base == coin and (other := halls.get(f"{quote}/{hall.market.quote}")):
            return quotient(hall.tape.last, other.tape.last)
    return None
