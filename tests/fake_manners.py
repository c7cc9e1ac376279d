"""How the exchange in memory answers, by what names it refuses, and what may go wrong."""

from enum import StrEnum

CODES = {
    "price_off_tick": "price_not_allowed",
    "quantity_off_step": "quantity_not_allowed",
    "below_minimum_quantity": "quantity_not_allowed",
    "above_maximum_quantity": "quantity_not_allowed",
    "below_minimum_notional": "below_minimum_notional",
}


class Manner(StrEnum):
    """How an order is answered, and by what name the exchange is asked for."""

    DECIDES = "binance"  # with what became of it; an id is free again once its order ended
    ACKNOWLEDGES = "bybit"  # that it was taken; what becomes of it follows. An id is used for ever.


# An exchange's own numbers for its refusals.
NUMBERS = {
    Manner.DECIDES: {
        "stale_timestamp": "-1021",
        "symbol_unknown": "-1121",
        "insufficient_funds": "-2010",
        "would_match": "-2010",
    },
    Manner.ACKNOWLEDGES: {
        "stale_timestamp": "10002",
        "symbol_unknown": "170121",
        "insufficient_funds": "170131",
        "price_not_allowed": "170134",
        "quantity_not_allowed": "170137",
        "below_minimum_notional": "170140",
    },
}


class Fault(StrEnum):
    """What becomes of the next order sent."""

    LOST_BEFORE = "lost_before"  # never arrives, no answer
    LOST_AFTER = "lost_after"  # arrives, the answer does not
    LATE = "late"  # no answer; arrives when `deliver` is called
    KILLED_AFTER = "killed_after"  # arrives, and the caller is cancelled before it hears
