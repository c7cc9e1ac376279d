"""Rules for faults as they are sent, read strictly: all of them are good, or none is taken."""

import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import orjson

from tradingbot.paper.faults import READS, STREAM_ONLY, STREAMS, Fault, On, Rule

RULES_MAX = 100
SECONDS_MAX = 3_600.0
CLOCK_MAX = 86_400.0

Choice = TypeVar("Choice", bound=StrEnum)


class RuleRefused(Exception):  # noqa: N818  # errors are named after what is the case
    """`field` is where in the body; the message says what would do."""

    def __init__(self, field: str, wanted: str) -> None:
        super().__init__(f"{field}: {wanted}")
        self.field = field


def read_rules(body: bytes) -> tuple[int, list[Rule]]:
    """The seed and the rules. Raises RuleRefused."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RuleRefused("body", "JSON is wanted: {seed, rules}") from None
    if not isinstance(asked, dict):
        raise RuleRefused("body", "an object is wanted: {seed, rules}")
    _only(asked, ("seed", "rules"), "")
    seed, rules = asked.get("seed", 0), asked.get("rules")
    if type(seed) is not int:
        raise RuleRefused("seed", "a whole number is wanted")
    if not isinstance(rules, list) or len(rules) > RULES_MAX:
        raise RuleRefused("rules", f"a list of up to {RULES_MAX} rules is wanted")
    return seed, [_rule(sent, f"rules[{index}]") for index, sent in enumerate(rules)]


def _rule(sent: object, at: str) -> Rule:
    if not isinstance(sent, dict):
        raise RuleRefused(at, "an object is wanted: {on, fault, …}")
    _only(sent, tuple(READERS), f"{at}.")
    for name in ("on", "fault"):
        if name not in sent:
            raise RuleRefused(f"{at}.{name}", "is missing")
    read = {name: READERS[name](value, f"{at}.{name}") for name, value in sent.items()}
    rule = Rule(**read)
    _check_fault(rule, f"{at}.fault")
    _check_seconds(rule, f"{at}.seconds")
    if rule.fault is Fault.CLOCK and rule.exchange != "*":
        raise RuleRefused(f"{at}.exchange", "the clock is one for all: '*'")
    return rule


def _check_fault(rule: Rule, at: str) -> None:
    on, fault = rule.on, rule.fault
    if fault is Fault.CLOCK and on is not On.ANY:
        raise RuleRefused(at, "clock goes with on 'any'")
    if fault is Fault.LAG and on not in READS | {On.ANY}:
        raise RuleRefused(at, f"lag goes with on {', '.join(sorted(READS))} or any")
    if on in STREAMS and fault not in STREAM_ONLY | {Fault.CUT}:
        raise RuleRefused(at, f"{fault} is no fault of a stream")
    if on not in STREAMS and fault in STREAM_ONLY:
        raise RuleRefused(at, f"{fault} is a fault of streams only")


def _check_seconds(rule: Rule, at: str) -> None:
    least, most = 0.0, SECONDS_MAX
    if rule.fault is Fault.CLOCK:
        least, most = -CLOCK_MAX, CLOCK_MAX
    if not least <= rule.seconds <= most:
        raise RuleRefused(at, f"{least:g} to {most:g} is wanted")


def _only(sent: Mapping[str, Any], known: tuple[str, ...], at: str) -> None:
    for name in sent:
        if name not in known:
            raise RuleRefused(f"{at}{name}", f"unknown; known are {', '.join(known)}")


def _one_of(kind: type[Choice], *hidden: Choice) -> Callable[[object, str], Choice]:
    named = [each for each in kind if each not in hidden]

    def read(value: object, at: str) -> Choice:
        if value not in named:
            raise RuleRefused(at, f"one of {', '.join(named)} is wanted")
        return kind(str(value))

    return read


def _exchange(value: object, at: str) -> str:
    if value not in ("*", "binance", "bybit"):
        raise RuleRefused(at, "one of *, binance, bybit is wanted")
    return str(value)


def _number(value: object, at: str) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]  # just checked
        raise RuleRefused(at, "a number is wanted")
    return float(value)  # type: ignore[arg-type]  # just checked


def _share(value: object, at: str) -> float:
    share = _number(value, at)
    if not 0 <= share <= 1:
        raise RuleRefused(at, "0 to 1 is wanted")
    return share


def _status(value: object, at: str) -> int:
    if type(value) is not int or not 400 <= value <= 599:
        raise RuleRefused(at, "400 to 599 is wanted")
    return value


def _times(value: object, at: str) -> int | None:
    if value is not None and (type(value) is not int or value < 1):
        raise RuleRefused(at, "a whole number from 1 is wanted, or null")
    return value


READERS: Mapping[str, Callable[[object, str], Any]] = {
    "on": _one_of(On, On.OTHER),
    "exchange": _exchange,
    "fault": _one_of(Fault),
    "share": _share,
    "seconds": _number,
    "status": _status,
    "times": _times,
}
