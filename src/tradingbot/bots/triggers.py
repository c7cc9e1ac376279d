"""The prices bots wait for: a tick costs those whose price it crosses, not all."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tradingbot.trading.intent import Direction


class Waiting(NamedTuple):
    """Sorts by price first."""

    price: Decimal
    bot_id: int
    trigger: str


@dataclass(frozen=True, slots=True)
class Crossing:
    bot_id: int
    trigger: str
    price: Decimal  # the tick that crossed, not the price waited for


@dataclass(slots=True)
class TriggerIndex:
    """Of one market. Two sorted lists: a tick that crosses nobody is two comparisons."""

    above: list[Waiting] = field(default_factory=list)
    below: list[Waiting] = field(default_factory=list)
    by_bot: dict[int, list[tuple[Direction, Waiting]]] = field(default_factory=dict)

    def watch(self, bot_id: int, trigger: str, price: Decimal, direction: Direction) -> None:
        waiting = Waiting(price, bot_id, trigger)
        insort(self._side(direction), waiting)
        self.by_bot.setdefault(bot_id, []).append((direction, waiting))

    def forget(self, bot_id: int) -> None:
        for direction, waiting in self.by_bot.pop(bot_id, []):
            side = self._side(direction)
            at = bisect_left(side, waiting)
            if at < len(side) and side[at] == waiting:
                del side[at]

    def crossed(self, price: Decimal) -> Sequence[Crossing]:
        """Take out and give back all that waited for this price or a less extreme one."""
        found: list[Waiting] = []
        if self.above and self.above[0].price <= price:
            end = bisect_right(self.above, price, key=_price)
            found += self.above[:end]
            del self.above[:end]
        if self.below and self.below[-1].price >= price:
            start = bisect_left(self.below, price, key=_price)
            found += self.below[start:]
            del self.below[start:]
        return [Crossing(waiting.bot_id, waiting.trigger, price) for waiting in found]

    def _side(self, direction: Direction) -> list[Waiting]:
        return self.above if direction is Direction.ABOVE else self.below


def _price(waiting: Waiting) -> Decimal:
    return waiting.price
