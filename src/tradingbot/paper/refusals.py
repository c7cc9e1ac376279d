"""Why an order was not accepted, in no exchange's words yet."""

from typing import ClassVar


class Refused(Exception):  # noqa: N818  # errors are named after what is the case
    """The order does not exist; `reason` is stable and goes to the journal."""

    reason: ClassVar[str] = "refused"


class NotEnoughFunds(Refused):
    reason = "insufficient_funds"


class WouldMatch(Refused):
    """A post-only order that would take."""

    reason = "would_match"


class WouldTrigger(Refused):
    """A trigger on the wrong side of the market."""

    reason = "would_trigger"


class DuplicateClientId(Refused):
    """An open order already has this client order id."""

    reason = "duplicate_client_id"


class FilterFailed(Refused):
    """A rule of the market, named as exchangeInfo names it."""

    reason = "filter"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnknownOrder(Refused):
    """Nothing open to cancel."""

    reason = "unknown_order"
