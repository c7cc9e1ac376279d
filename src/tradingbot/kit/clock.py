"""The one source of the present moment."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def milliseconds(moment: datetime) -> int:
    """Unix time in whole milliseconds, as exchanges count."""
    return int(moment.timestamp() * 1000)
