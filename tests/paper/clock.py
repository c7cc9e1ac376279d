"""A clock that a test can put forward, or stop."""

from datetime import datetime, timedelta

from tradingbot.kit.clock import SystemClock


class MovableClock:
    def __init__(self, *, stopped: bool = False) -> None:
        self.ahead = timedelta()
        self._stopped = SystemClock().now() if stopped else None

    def now(self) -> datetime:
        return (self._stopped or SystemClock().now()) + self.ahead
