"""Which faults the exchange is asked for, and how many of each."""

from collections.abc import Sequence
from typing import Any, TypeAlias

Rule: TypeAlias = dict[str, Any]

# What can happen to the request that places an order. Those before the line are not executed.
PLACING: tuple[Rule, ...] = (
    {"fault": "drop_before"},
    {"fault": "hang", "seconds": 2},
    {"fault": "status", "status": 503},
    {"fault": "drop_after"},
    {"fault": "hang_after", "seconds": 2},
    {"fault": "late", "seconds": 3},
    {"fault": "late", "seconds": 6},  # beyond its window: refused when it gets there
    {"fault": "cut"},
    {"fault": "empty"},
    {"fault": "html"},
    {"fault": "status_after", "status": 524},
    {"fault": "slow", "seconds": 1},
)
ASKING: tuple[Rule, ...] = (
    {"fault": "drop_before"},
    {"fault": "drop_after"},
    {"fault": "cut"},
    {"fault": "empty"},
    {"fault": "html"},
    {"fault": "status", "status": 502},
    {"fault": "slow", "seconds": 1},
)
HEARING: tuple[Rule, ...] = (
    {"fault": "duplicate"},
    {"fault": "reorder"},
    {"fault": "omit"},
    {"fault": "garbage"},
    {"fault": "absurd"},
)
READS = ("find", "open_orders", "trades", "balances")


def mixed(on: str, faults: Sequence[Rule], share: float) -> list[Rule]:
    """Each as likely as the others, so that `share` of all requests come to some harm."""
    # Each rule draws for itself: a request is spared only when none of them wants it.
    each = 1 - (1 - share) ** (1 / len(faults))
    return [{"on": on, "share": each, **fault} for fault in faults]


def storm(share: float) -> list[Rule]:
    """That share of the orders is disturbed, and everything around them half as often."""
    around = share / 2
    rules = mixed("place", PLACING, share) + mixed("cancel", ASKING, around)
    rules += [{"on": "find", "fault": "lag", "seconds": 4, "share": around}]
    for on in READS:
        rules += mixed(on, ASKING, around)
    rules += mixed("time", ASKING, around / 2) + mixed("market", ASKING, around / 2)
    rules += mixed("user_stream", HEARING, around)
    rules += [{"on": "user_stream", "fault": "cut", "share": 0.02 * share}]
    return [*rules, {"on": "market_stream", "fault": "cut", "share": 0.002 * share}]
