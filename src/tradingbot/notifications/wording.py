"""What a language needs to say everything there is to tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tradingbot.events.schemas import EventType


@dataclass(frozen=True, slots=True)
class Line:
    """A labelled fact; it is said when everything its template names is there.

    `bare`: on one line with the others it goes without its label. `instead`: said when this cannot.
    """

    label: str
    template: str
    bare: bool = False
    instead: "Line | None" = None


@dataclass(frozen=True, slots=True)
class Entry:
    title: str
    lines: tuple[Line, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    """`words`: values that are said differently. `counts`: how a digest counts each kind."""

    entries: Mapping[EventType, Entry]
    test: Entry
    digest_title: str
    counts: Mapping[EventType, str]
    profit: str
    period: str
    latest: str
    thousands: str = ","
    point: str = "."
    words: Mapping[str, str] = field(default_factory=dict)
