"""Guessing passwords is slow: after a few wrong ones, the same guesser waits."""

from collections import OrderedDict
from datetime import datetime, timedelta
from math import ceil

from tradingbot.kit.clock import Clock
from tradingbot.users.errors import TooManyAttempts

FAILURES_MAX = 8
WINDOW = timedelta(minutes=5)
GUESSERS_MAX = 10_000


class Throttle:
    """Failures by guesser (e-mail and address) within a sliding window, in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()

    def check(self, guesser: str) -> None:
        """Raise TooManyAttempts when it is this guesser's turn to wait."""
        recent = self._recent(guesser)
        if len(recent) >= FAILURES_MAX:
            wait = ceil((recent[0] + WINDOW - self._clock.now()).total_seconds())
            raise TooManyAttempts(f"too many wrong passwords: try again in {wait} s", wait)

    def failed(self, guesser: str) -> None:
        self._failures[guesser] = [*self._recent(guesser), self._clock.now()][-FAILURES_MAX:]
        self._failures.move_to_end(guesser)
        if len(self._failures) > GUESSERS_MAX:
            self._failures.popitem(last=False)

    def succeeded(self, guesser: str) -> None:
        self._failures.pop(guesser, None)

    def _recent(self, guesser: str) -> list[datetime]:
        since = self._clock.now() - WINDOW
        return [at for at in self._failures.get(guesser, ()) if at > since]
