"""The moments at which a process of ours can be made to die: all of them, by name.

The program has no hook for it. What stands here is wrapped from outside, in a process that was
started for a test, and a name that is no longer there is an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from signal import SIGKILL, SIGSTOP, Signals
from typing import Any, TypeAlias

PLACING = (b"POST /binance/api/v3/order", b"POST /bybit/v5/order/create ")
CANCELLING = (b"DELETE /binance/api/v3/order?", b"POST /bybit/v5/order/cancel ")

Counts: TypeAlias = Callable[[Sequence[Any], Any], bool]


def _always(_: Sequence[Any], __: Any) -> bool:
    return True


def _some(_: Sequence[Any], result: Any) -> bool:
    return bool(result)


def _with_trades(arguments: Sequence[Any], _: Any) -> bool:
    return any(getattr(argument, "trades", ()) for argument in arguments)


class Moment(StrEnum):
    """Of a coroutine the first three, of an order's request on the wire the others."""

    BEFORE = "before"
    DURING = "during"  # begun, and not yet answered
    AFTER = "after"
    HALF_SENT = "half_sent"
    SENT = "sent"
    HEADED = "headed"  # the head of the answer is there, its body unread


@dataclass(frozen=True, slots=True)
class Place:
    """`target` is `module:name`, or the request meant; `counts` sorts out calls by what they do."""

    moment: Moment
    target: str
    counts: Counts = _always


@dataclass(frozen=True, slots=True)
class Point:
    """A row of the table of crash points, and where that is in each kind of process."""

    row: int
    name: str
    places: Mapping[str, Place]
    signal: Signals = SIGKILL


REPOSITORY = "tradingbot.orders.repository"
ASKED = "tradingbot.adapters.ccxt_session:CcxtSession.place"
PLACE, CANCEL = "place", "cancel"


def _wire(moment: Moment, request: str, *processes: str) -> dict[str, Place]:
    return {process: Place(moment, request) for process in processes}


SENDERS = ("api", "bot-worker", "order-monitor")

POINTS = {
    point.name: point
    for point in (
        Point(
            1,
            "before_plan",
            {
                "api": Place(Moment.BEFORE, f"{REPOSITORY}:plan_to_send"),
                "bot-worker": Place(Moment.AFTER, f"{REPOSITORY}:plan", _some),  # uncommitted
            },
        ),
        Point(2, "planned", {"bot-worker": Place(Moment.BEFORE, "tradingbot.bots.worker:attempt")}),
        Point(
            3,
            "claiming",
            {
                "api": Place(Moment.DURING, f"{REPOSITORY}:plan_to_send"),
                "bot-worker": Place(Moment.DURING, f"{REPOSITORY}:claim_to_send"),
                "order-monitor": Place(Moment.DURING, f"{REPOSITORY}:claim_to_send"),
            },
        ),
        Point(
            4,
            "claimed",
            {
                "api": Place(Moment.AFTER, f"{REPOSITORY}:plan_to_send", _some),
                "bot-worker": Place(Moment.AFTER, f"{REPOSITORY}:claim_to_send", _some),
                "order-monitor": Place(Moment.AFTER, f"{REPOSITORY}:claim_to_send", _some),
            },
        ),
        Point(5, "half_sent", _wire(Moment.HALF_SENT, PLACE, *SENDERS)),
        Point(6, "sent", _wire(Moment.SENT, PLACE, *SENDERS)),
        Point(7, "unread", _wire(Moment.HEADED, PLACE, *SENDERS)),
        Point(
            8,
            "answered",
            {process: Place(Moment.AFTER, ASKED) for process in SENDERS},
        ),
        Point(
            9,
            "acknowledged",
            {
                process: Place(Moment.BEFORE, "tradingbot.bots.inbox:Inbox.committed")
                for process in ("api", "bot-worker")
            },
        ),
        Point(
            10,
            "fill_heard",
            {
                "order-monitor": Place(
                    Moment.BEFORE, "tradingbot.orders.executor:Executor.note", _with_trades
                )
            },
        ),
        Point(
            11,
            "fill_half",
            {"order-monitor": Place(Moment.AFTER, f"{REPOSITORY}:add_fills", _some)},
        ),
        Point(
            12,
            "fill_kept",
            {
                "order-monitor": Place(Moment.BEFORE, "tradingbot.bots.inbox:Inbox.committed"),
                "bot-worker": Place(Moment.AFTER, "tradingbot.bots.runner_repository:take", _some),
            },
        ),
        Point(13, "cancel_sent", _wire(Moment.SENT, CANCEL, *SENDERS)),
        Point(
            14,
            "item_popped",
            {
                "order-monitor": Place(Moment.BEFORE, "tradingbot.orders.monitor:Monitor.handle"),
                "bot-worker": Place(Moment.BEFORE, "tradingbot.bots.worker:Worker.handle"),
            },
        ),
        Point(
            15,
            "resolving",
            {"order-monitor": Place(Moment.DURING, "tradingbot.orders.resolver:Resolver.resolve")},
        ),
        Point(
            16,
            "stalled",
            {process: Place(Moment.BEFORE, ASKED) for process in ("api", "bot-worker")},
            SIGSTOP,
        ),
    )
}
