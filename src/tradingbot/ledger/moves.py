"""Money on its way between pockets: what a trade moves, what is given and taken. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from typing import NamedTuple, TypeAlias

from tradingbot.exchanges.ports import Trade
from tradingbot.trading.money import UNROUNDED, ZERO
from tradingbot.trading.order import Side
from tradingbot.trading.position import Fill

NOBODY = 0
BOT, MANUAL, FREE = "bot", "manual", "free"


class Pocket(NamedTuple):
    """Where an amount lies: whose it is, who spends it, and of which coin."""

    bot_id: int
    origin: str
    asset: str


Moves: TypeAlias = Mapping[Pocket, Decimal]


def free(asset: str) -> Pocket:
    return Pocket(NOBODY, FREE, asset)


def together(*moves: Moves) -> Moves:
    """As one; what comes to nothing is left out."""
    sums: dict[Pocket, Decimal] = {}
    with localcontext(UNROUNDED):
        for each in moves:
            for pocket, amount in each.items():
                sums[pocket] = sums.get(pocket, ZERO) + amount
    return {pocket: amount for pocket, amount in sums.items() if amount}


def transfer(source: Pocket, target: Pocket, amount: Decimal) -> Moves:
    return {source: -amount, target: amount}


def of_trades(bot_id: int, origin: str, symbol: str, trades: Iterable[Trade | Fill]) -> Moves:
    """What trades of a bot's order move.

    A fee in one of the market's own coins is the bot's to pay. One in a third coin is paid from the
    account's free part: a bot owns none of it.
    """
    base, _, quote = symbol.partition("/")
    moved = []
    with localcontext(UNROUNDED):
        for trade in trades:
            sign = 1 if trade.side is Side.BUY else -1
            own = Pocket(bot_id, origin, trade.fee_currency)
            payer = own if trade.fee_currency in {base, quote} else free(trade.fee_currency)
            moved += [
                {Pocket(bot_id, origin, base): sign * trade.quantity},
                {Pocket(bot_id, origin, quote): -sign * trade.quantity * trade.price},
                {payer: -trade.fee},
            ]
    return together(*moved)
