"""Whom an order would meet right now, and what it has to hold for that."""

from decimal import ROUND_UP, Decimal

from tradingbot.paper.hall import Hall
from tradingbot.paper.orders import ZERO, Lasting, OrderRequest, PaperOrder
from tradingbot.simulation.fees import SMALLEST_AMOUNT
from tradingbot.simulation.matching import Budget, Match, Quantity
from tradingbot.trading.money import quotient
from tradingbot.trading.order import Side


def meetings(hall: Hall, asked: OrderRequest) -> list[Match]:
    """Nobody, for an order that wants all or nothing and cannot have all."""
    hall.refresh()
    if asked.quantity is None:
        assert asked.budget is not None
        want: Quantity | Budget = Budget(asked.budget, hall.market.step_size)
    else:
        want = Quantity(asked.quantity)
    matches = hall.book.meet(asked.side, asked.price, want)
    if asked.lasting is Lasting.FOK and _total(matches) != asked.quantity:
        return []
    return matches


def needed(asked: OrderRequest, matches: list[Match]) -> Decimal:
    """What the order must hold, of the asset it pays with."""
    if asked.trigger and not asked.trigger.reserves:
        return ZERO
    sold = asked.side is Side.SELL
    if asked.quantity is None:
        if asked.trigger:
            assert asked.budget is not None
            return _worth(asked.budget, asked.trigger.price) if sold else asked.budget
        return _total(matches) if sold else _cost(matches)
    limit = asked.price or (asked.trigger.price if asked.trigger else None)
    if sold:
        return asked.quantity
    return _cost(matches) if limit is None else limit * asked.quantity


def spends_all(hall: Hall, order: PaperOrder, matches: list[Match]) -> bool:
    """Whether the budget ended before the book did."""
    other = Side.SELL if order.asked.side is Side.BUY else Side.BUY
    offered = sum((quantity for _, quantity in hall.book.levels(other)), ZERO)
    return _total(matches) < offered


def _total(matches: list[Match]) -> Decimal:
    return sum((match.quantity for match in matches), ZERO)


def _cost(matches: list[Match]) -> Decimal:
    return sum((match.price * match.quantity for match in matches), ZERO)


def _worth(budget: Decimal, price: Decimal) -> Decimal:
    """How much must be sold for it, at that price."""
    return quotient(budget, price).quantize(SMALLEST_AMOUNT, ROUND_UP)
