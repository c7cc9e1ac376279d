"""Something that does not answer: said once when it begins and once when it ends."""

from tradingbot.kit import ids
from tradingbot.kit.database import cause
from tradingbot.kit.errors import Unavailable
from tradingbot.kit.log import logger

log = logger(__name__)

PAUSE_SECONDS = 0.05
PAUSE_SECONDS_MAX = 2.0


class Outage:
    def __init__(self, what: str) -> None:
        self._what = what
        self._failures = 0

    def failed(self, error: BaseException) -> float:
        """Note that it failed; how many seconds to wait before the next try."""
        self._failures += 1
        if self._failures == 1:
            log.warning("away", what=self._what, why=cause(error), kind=type(error).__name__)
        # The exponent has a limit because 2.0 ** 1024 has no float.
        pause = min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2.0 ** min(self._failures, 16))
        return pause / 2 + ids.jitter(pause / 2)

    def over(self) -> None:
        if self._failures:
            log.info("back", what=self._what, failures=self._failures)
        self._failures = 0


def is_away(error: BaseException) -> bool:
    """Whether it failed because something does not answer, not because of what it was about."""
    return isinstance(error, (Unavailable, OSError))
