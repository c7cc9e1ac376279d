"""A verdict passes when all its marks are kept; how long something took can be left out of it."""

from tests.chaos.verdict import Verdict


def verdict() -> Verdict:
    return Verdict(1, "binance", 7, "asked")


def test_nothing_measured_is_nothing_passed() -> None:
    assert not verdict().passed
    assert not verdict().passed_but_for_time


def test_only_times_measured_is_nothing_passed_but_for_time() -> None:
    slow = verdict()
    slow.in_time("all right after", 81, 80)
    assert not slow.passed
    assert not slow.passed_but_for_time


def test_what_took_too_long_fails_unless_time_is_left_out() -> None:
    slow = verdict()
    slow.exactly("lost", 0, 0)
    slow.in_time("all right after", 81, 80)
    assert not slow.passed
    assert slow.passed_but_for_time


def test_what_must_never_happen_fails_either_way() -> None:
    wrong = verdict()
    wrong.exactly("lost", 1, 0)
    wrong.in_time("all right after", 1, 80)
    assert not wrong.passed
    assert not wrong.passed_but_for_time
