"""Which requests a rule strikes, and that the same seed strikes the same again."""

import re
from pathlib import Path

import pytest

from tradingbot.paper.faults import Fault, FaultControl, On, Rule

PLACE = Rule(On.PLACE, Fault.DROP_BEFORE, share=0.3)
REQUESTS = [On.PLACE, On.FIND, On.PLACE, On.CANCEL] * 100


def struck(seed: int, *rules: Rule, requests: list[On] = REQUESTS) -> list[str | None]:
    control = FaultControl()
    control.replace(seed, rules)
    turns = [control.strike("binance", on) for on in requests]
    return [turn.rule.fault if turn else None for turn in turns]


def test_the_same_seed_and_requests_give_the_same_choices() -> None:
    rules = (PLACE, Rule(On.ANY, Fault.HANG, share=0.2))
    assert struck(7, *rules) == struck(7, *rules)
    assert struck(7, *rules) != struck(8, *rules)


def test_about_the_share_is_struck_and_nothing_else() -> None:
    faults = struck(1, PLACE)
    assert 45 <= faults.count("drop_before") <= 75
    assert all(on is On.PLACE for on, fault in zip(REQUESTS, faults, strict=True) if fault)


def test_other_requests_in_between_change_no_choice() -> None:
    alone = struck(7, PLACE, requests=[On.PLACE] * 50)
    between = struck(7, PLACE, requests=[On.PLACE, On.FIND, On.TIME] * 50)
    assert between[::3] == alone


def test_a_rule_strikes_as_many_times_as_it_says() -> None:
    assert struck(7, Rule(On.PLACE, Fault.HANG, times=3)).count("hang") == 3


def test_the_first_rule_that_strikes_wins_and_the_next_takes_over() -> None:
    rules = (Rule(On.PLACE, Fault.CUT, times=1), Rule(On.ANY, Fault.EMPTY))
    assert struck(7, *rules, requests=[On.PLACE, On.PLACE]) == ["cut", "empty"]


@pytest.mark.parametrize(
    ("rule", "exchange", "on", "meets"),
    [
        (Rule(On.ANY, Fault.HANG), "binance", On.OTHER, True),
        (Rule(On.ANY, Fault.HANG), "binance", On.USER_STREAM, False),
        (Rule(On.PLACE, Fault.HANG, exchange="bybit"), "binance", On.PLACE, False),
        (Rule(On.PLACE, Fault.HANG, exchange="bybit"), "bybit", On.PLACE, True),
        (Rule(On.ANY, Fault.LAG), "bybit", On.PLACE, False),
        (Rule(On.ANY, Fault.LAG), "bybit", On.BALANCES, True),
        (Rule(On.ANY, Fault.CLOCK), "bybit", On.TIME, False),
        (Rule(On.USER_STREAM, Fault.CUT), "bybit", On.MARKET_STREAM, False),
    ],
)
def test_a_rule_meets_what_it_names(rule: Rule, exchange: str, on: On, *, meets: bool) -> None:
    assert rule.meets(exchange, on) is meets


def test_counts_begin_anew_with_new_rules_and_outlive_their_end() -> None:
    control = FaultControl()
    control.replace(7, [Rule(On.ANY, Fault.HANG, times=1)])
    for on in (On.PLACE, On.PLACE, On.FIND):
        control.strike("binance", on)
    control.clear()
    told = control.report()
    assert (told["seen"], told["done"]) == ({"place": 2, "find": 1}, {"place hang": 1})
    assert told["rules"] == []
    control.replace(8, [])
    assert control.report() == {"seed": 8, "rules": [], "seen": {}, "done": {}}


def test_clocks_add_up() -> None:
    control = FaultControl()
    control.replace(7, [Rule(On.ANY, Fault.CLOCK, seconds=each) for each in (-5, 1.5)])
    assert control.clock_offset_ms == -3_500


def test_every_fault_is_described() -> None:
    text = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    described = re.findall(r"^\| `([a-z_]+)` \|", text.partition("## Requests")[2], re.MULTILINE)
    assert set(described) | {"clock"} == set(Fault)
