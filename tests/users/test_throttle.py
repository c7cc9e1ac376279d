"""Guessing passwords is slow, for the guesser alone."""

import pytest

from tests.fakes import FakeClock
from tradingbot.users.errors import TooManyAttempts
from tradingbot.users.throttle import FAILURES_MAX, GUESSERS_MAX, WINDOW, Throttle


def test_a_few_wrong_passwords_are_forgiven_and_then_one_waits() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    for _ in range(FAILURES_MAX):
        throttle.check("ann 10.0.0.1")
        throttle.failed("ann 10.0.0.1")
    with pytest.raises(TooManyAttempts) as refused:
        throttle.check("ann 10.0.0.1")
    throttle.check("ann 10.0.0.2")
    clock.advance(refused.value.retry_after_seconds)
    throttle.check("ann 10.0.0.1")


def test_failures_leave_the_window_one_by_one() -> None:
    clock = FakeClock()
    throttle = Throttle(clock)
    for _ in range(FAILURES_MAX):
        throttle.failed("ann")
        clock.advance(10)
    clock.advance(WINDOW.total_seconds() - 10 * FAILURES_MAX)
    throttle.check("ann")
    throttle.failed("ann")
    with pytest.raises(TooManyAttempts):
        throttle.check("ann")


def test_the_right_password_forgives_the_wrong_ones() -> None:
    throttle = Throttle(FakeClock())
    for _ in range(FAILURES_MAX):
        throttle.failed("ann")
    throttle.succeeded("ann")
    throttle.check("ann")


def test_many_guessers_do_not_fill_the_memory() -> None:
    throttle = Throttle(FakeClock())
    for number in range(GUESSERS_MAX + 10):
        throttle.failed(str(number))
    assert len(throttle._failures) == GUESSERS_MAX
