"""What one bot has and has promised, and what of its account nobody owns. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext

from tradingbot.ledger.moves import (
    BOT,
    FREE,
    MANUAL,
    NOBODY,
    Moves,
    Pocket,
    free,
    together,
    transfer,
)
from tradingbot.trading.funds import Funds
from tradingbot.trading.money import UNROUNDED, ZERO


@dataclass(frozen=True, slots=True)
class Purse:
    """As one look at the database found it.

    `reserved` is what the bot's live orders hold back: a pocket is in it while one is live, even
    with nothing left to fill. Before an account is `opened` nobody knows what is free on it.
    """

    account_id: int
    bot_id: int
    opened: bool
    owned: Mapping[Pocket, Decimal] = field(default_factory=dict)
    reserved: Mapping[Pocket, Decimal] = field(default_factory=dict)

    def amount(self, origin: str, asset: str) -> Decimal:
        bot_id = NOBODY if origin == FREE else self.bot_id
        return self.owned.get(Pocket(bot_id, origin, asset), ZERO)

    def idle(self, origin: str, asset: str) -> Decimal:
        """What is promised to no order."""
        with localcontext(UNROUNDED):
            promised = self.reserved.get(Pocket(self.bot_id, origin, asset), ZERO)
            return self.amount(origin, asset) - promised

    def owned_by_strategy(self, base: str, quote: str) -> Funds:
        return Funds(self.amount(BOT, base), self.amount(BOT, quote))

    def funds(self, base: str, quote: str) -> Funds:
        """What the strategy may still promise on its market."""
        return Funds(self.idle(BOT, base), self.idle(BOT, quote))

    def live(self, origin: str) -> bool:
        return any(pocket.origin == origin for pocket in self.reserved)

    def after(self, moves: Moves) -> "Purse":
        return replace(self, owned=together(self.owned, moves))

    def within_reach(self, origin: str, asset: str, *, shared: bool) -> Decimal:
        """What can be drawn to a pocket: what is free and, if shared, idle in the bot's other."""
        with localcontext(UNROUNDED):
            others = self._spare(_other(origin), asset) if shared else ZERO
            return others + self._spare(FREE, asset)

    def draw(self, origin: str, asset: str, amount: Decimal, *, shared: bool) -> Moves | None:
        """What brings this much to a pocket, the free part last; None when there is not so much."""
        target = Pocket(self.bot_id, origin, asset)
        source = Pocket(self.bot_id, _other(origin), asset)
        with localcontext(UNROUNDED):
            own = min(amount, self._spare(source.origin, asset)) if shared else ZERO
            rest = amount - own
        if self.opened and rest > self._spare(FREE, asset):
            return None
        return together(transfer(source, target, own), transfer(free(asset), target, rest))

    def given_up(self, base: str, quote: str, funds: Funds) -> Moves:
        """From the strategy to where nobody owns it."""
        return together(
            *(
                transfer(Pocket(self.bot_id, BOT, asset), free(asset), amount)
                for asset, amount in ((base, funds.base), (quote, funds.quote))
            )
        )

    def leftovers(self, *busy: str) -> Moves:
        """All the bot has where no order is live, back to where nobody owns it.

        `busy`: by whose hand an order is about to be.
        """
        return together(
            *(
                transfer(pocket, free(pocket.asset), amount)
                for pocket, amount in self.owned.items()
                if pocket.bot_id == self.bot_id
                and pocket.origin not in busy
                and not self.live(pocket.origin)
            )
        )

    def _spare(self, origin: str, asset: str) -> Decimal:
        return max(self.idle(origin, asset), ZERO)


def _other(origin: str) -> str:
    return MANUAL if origin == BOT else BOT
