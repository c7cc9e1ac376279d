"""Which orders meet, in what sequence, and at what price."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import TypeAlias

from tradingbot.trading.order import Side

# Price and quantity the surrounding market offers, best first.
Level: TypeAlias = tuple[Decimal, Decimal]


@dataclass(slots=True)
class Resting:
    order_id: int
    side: Side
    price: Decimal
    remaining: Decimal


@dataclass(frozen=True, slots=True)
class Quantity:
    """Take this much of the base asset."""

    left: Decimal


@dataclass(frozen=True, slots=True)
class Budget:
    """Take what this much of the quote asset buys or brings, in whole steps of `lot`."""

    left: Decimal
    lot: Decimal


Want: TypeAlias = Quantity | Budget


@dataclass(frozen=True, slots=True)
class Match:
    """A meeting with a resting order, or with the surrounding market when `maker` is None."""

    maker: int | None
    price: Decimal
    quantity: Decimal


class Queues:
    """One side of resting orders: best price first, then who came first."""

    def __init__(self, side: Side) -> None:
        self._buys = side is Side.BUY
        self._prices: list[Decimal] = []
        self._queues: dict[Decimal, dict[int, Resting]] = {}

    def add(self, order: Resting) -> None:
        queue = self._queues.get(order.price)
        if queue is None:
            self._queues[order.price] = queue = {}
            insort(self._prices, order.price)
        queue[order.order_id] = order

    def remove(self, order: Resting) -> None:
        queue = self._queues[order.price]
        del queue[order.order_id]
        if not queue:
            del self._queues[order.price]
            del self._prices[bisect_left(self._prices, order.price)]

    def best(self) -> Decimal | None:
        if not self._prices:
            return None
        return self._prices[-1] if self._buys else self._prices[0]

    def prices(self) -> Iterator[Decimal]:
        return reversed(self._prices) if self._buys else iter(self._prices)

    def at(self, price: Decimal) -> Iterator[Resting]:
        return iter(self._queues[price].values())


class Book:
    """Resting orders of users, and the market around them, by price and then time.

    At one price users are met before the surrounding market. `meet` and `crossed` only look;
    `settle` makes what they saw happen, so that funds can be checked in between.
    """

    def __init__(self) -> None:
        self._sides = {side: Queues(side) for side in Side}
        self._orders: dict[int, Resting] = {}
        self._market: dict[Side, list[Level]] = {side: [] for side in Side}
        self.version = 0  # grows with every change

    def quote(self, bids: Sequence[Level], asks: Sequence[Level]) -> None:
        """Replace what the surrounding market offers."""
        self._market = {Side.BUY: list(bids), Side.SELL: list(asks)}
        self.version += 1

    def rest(self, order: Resting) -> None:
        assert order.remaining > 0
        self._orders[order.order_id] = order
        self.version += 1
        self._sides[order.side].add(order)

    def withdraw(self, order_id: int) -> Resting | None:
        order = self._orders.pop(order_id, None)
        if order is not None:
            self._sides[order.side].remove(order)
            self.version += 1
        return order

    def best(self, side: Side) -> Decimal | None:
        """The best price of users' resting orders alone."""
        return self._sides[side].best()

    def would_match(self, side: Side, limit: Decimal) -> bool:
        return next(self._offers(_other(side), limit), None) is not None

    def meet(self, side: Side, limit: Decimal | None, want: Want) -> list[Match]:
        """Whom an order arriving now would meet, no worse than `limit`."""
        matches: list[Match] = []
        left = want.left
        for maker, price, offered in self._offers(_other(side), limit):
            if isinstance(want, Budget):
                affordable = (left / price / want.lot).to_integral_value(ROUND_DOWN) * want.lot
                quantity = min(offered, affordable)
            else:
                quantity = min(offered, left)
            if quantity <= 0:
                break
            matches.append(Match(maker, price, quantity))
            left -= price * quantity if isinstance(want, Budget) else quantity
        return matches

    def crossed(self, price: Decimal, quantity: Decimal) -> list[Match]:
        """Which resting orders a trade of the surrounding market fills, each at its own price.

        A trade beyond an order's price fills all of it; a trade just at its price fills no more
        than was traded.
        """
        return [*self._swept(Side.BUY, price, quantity), *self._swept(Side.SELL, price, quantity)]

    def settle(self, side: Side | None, matches: Sequence[Match]) -> None:
        """Take what was met off the book; `side` is the taker's, None when the market took."""
        self.version += len(matches)
        for match in matches:
            if match.maker is None:
                assert side is not None
                self._consume(_other(side), match)
                continue
            order = self._orders[match.maker]
            order.remaining -= match.quantity
            assert order.remaining >= 0
            if order.remaining == 0:
                self.withdraw(match.maker)

    def levels(self, side: Side) -> Iterator[Level]:
        """All there is on one side, price by price, best first."""
        price, total = None, Decimal(0)
        for _, offered, quantity in self._offers(side, None):
            if price is not None and offered != price:
                yield price, total
                total = Decimal(0)
            price = offered
            total += quantity
        if price is not None:
            yield price, total

    def _swept(self, side: Side, price: Decimal, traded: Decimal) -> Iterator[Match]:
        queues = self._sides[side]
        for level in queues.prices():
            if _worse(side, level, price):
                return
            left = traded if level == price else None
            for order in queues.at(level):
                quantity = order.remaining if left is None else min(order.remaining, left)
                if quantity <= 0:
                    return
                yield Match(order.order_id, level, quantity)
                left = None if left is None else left - quantity

    def _offers(
        self, side: Side, limit: Decimal | None
    ) -> Iterator[tuple[int | None, Decimal, Decimal]]:
        """Everything on `side` no worse than `limit` for the one who takes it."""
        market = iter(self._market[side])
        outside = next(market, None)
        queues = self._sides[side]
        for price in queues.prices():
            while outside is not None and _worse(side, price, outside[0]):
                if _beyond(side, outside[0], limit):
                    return
                yield None, *outside
                outside = next(market, None)
            if _beyond(side, price, limit):
                return
            for order in queues.at(price):
                yield order.order_id, price, order.remaining
        while outside is not None and not _beyond(side, outside[0], limit):
            yield None, *outside
            outside = next(market, None)

    def _consume(self, side: Side, match: Match) -> None:
        levels = self._market[side]
        index = next(i for i, level in enumerate(levels) if level[0] == match.price)
        left = levels[index][1] - match.quantity
        assert left >= 0
        if left:
            levels[index] = (match.price, left)
        else:
            del levels[index]


def _other(side: Side) -> Side:
    return Side.SELL if side is Side.BUY else Side.BUY


def _worse(side: Side, price: Decimal, than: Decimal) -> bool:
    """Whether a resting `price` has to wait behind `than`."""
    return price < than if side is Side.BUY else price > than


def _beyond(side: Side, price: Decimal, limit: Decimal | None) -> bool:
    return limit is not None and _worse(side, price, limit)
