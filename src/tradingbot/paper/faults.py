"""Faults on order: rules say which requests come to harm, a seed says which of those."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from tradingbot.paper.synthetic import chance


class On(StrEnum):
    """What a request, or a frame of a stream, is about."""

    PLACE = "place"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    FIND = "find"
    OPEN_ORDERS = "open_orders"
    TRADES = "trades"
    BALANCES = "balances"
    TIME = "time"
    MARKET = "market"
    OTHER = "other"  # not for rules: only `any` meets it
    MARKET_STREAM = "market_stream"
    USER_STREAM = "user_stream"
    ANY = "any"  # only for rules: every REST request


STREAMS = frozenset({On.MARKET_STREAM, On.USER_STREAM})
READS = frozenset({On.FIND, On.OPEN_ORDERS, On.TRADES, On.BALANCES})


class Fault(StrEnum):
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    HANG = "hang"
    HANG_AFTER = "hang_after"
    LATE = "late"
    CUT = "cut"  # of REST: half a body; of a stream: no more socket
    EMPTY = "empty"
    HTML = "html"
    STATUS = "status"
    STATUS_AFTER = "status_after"
    SLOW = "slow"
    LAG = "lag"
    RATE_LIMITED = "rate_limited"
    BANNED = "banned"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    OMIT = "omit"
    SILENCE = "silence"
    GARBAGE = "garbage"
    ABSURD = "absurd"
    CLOCK = "clock"


STREAM_ONLY = frozenset(
    {
        Fault.DUPLICATE,
        Fault.REORDER,
        Fault.OMIT,
        Fault.SILENCE,
        Fault.GARBAGE,
        Fault.ABSURD,
    }
)
NEEDS_NO_EVENT = frozenset({Fault.SILENCE, Fault.CUT})


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to `share` of all that `on` and `exchange` name, at most so many `times`."""

    on: On
    fault: Fault
    exchange: str = "*"
    share: float = 1.0
    seconds: float = 3.0
    status: int = 503
    times: int | None = None

    def meets(self, exchange: str, on: On) -> bool:
        if self.exchange not in ("*", exchange) or self.fault is Fault.CLOCK:
            return False
        if self.fault is Fault.LAG and on not in READS:
            return False
        return self.on is on or (self.on is On.ANY and on not in STREAMS)


@dataclass(slots=True)
class Standing:
    """A rule in force. Its chance is its own: what others meet changes nothing for it."""

    rule: Rule
    chance: Random
    taste: Random  # which nonsense it is, apart from whether there is any
    done: int = 0

    def strikes(self) -> bool:
        drawn = self.chance.random() < self.rule.share
        return drawn and (self.rule.times is None or self.done < self.rule.times)


@dataclass(slots=True)
class FaultControl:
    """The rules in force, and what came of them. Replaced all at once or not at all."""

    seed: int = 0
    standing: tuple[Standing, ...] = ()
    seen: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def replace(self, seed: int, rules: Sequence[Rule]) -> None:
        """Counting begins anew, and so does chance: same seed, same requests, same choices."""
        self.seed = seed
        self.standing = tuple(
            Standing(rule, chance(seed, index), chance(seed, index, "taste"))
            for index, rule in enumerate(rules)
        )
        self.seen.clear()
        self.done.clear()

    def clear(self) -> None:
        """No more faults; what came of them can still be read."""
        self.standing = ()

    def strike(self, exchange: str, on: On) -> Standing | None:
        """Whose turn it is; each rule draws whenever it is met, the first one listed wins."""
        self.seen[on.value] += 1
        return self._choose(self.standing, exchange, on)

    def strike_idle(self, exchange: str, on: On) -> Standing | None:
        """The same for an open stream on which nothing is just being sent."""
        idle = [each for each in self.standing if each.rule.fault in NEEDS_NO_EVENT]
        return self._choose(idle, exchange, on)

    def _choose(self, rules: Sequence[Standing], exchange: str, on: On) -> Standing | None:
        met = [each for each in rules if each.rule.meets(exchange, on)]
        struck = [each for each in met if each.strikes()]
        if not struck:
            return None
        struck[0].done += 1
        self.done[f"{on} {struck[0].rule.fault}"] += 1
        return struck[0]

    @property
    def clock_offset_ms(self) -> int:
        rules = (each.rule for each in self.standing)
        return sum(int(rule.seconds * 1000) for rule in rules if rule.fault is Fault.CLOCK)

    def report(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "rules": [asdict(each.rule) for each in self.standing],
            "seen": dict(self.seen),
            "done": dict(self.done),
        }
