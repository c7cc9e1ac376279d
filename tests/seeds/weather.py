"""What goes wrong in one life, and how often: drawn from its seed, and over at its end."""

from dataclasses import dataclass, fields, replace
from random import Random

# The share of one kind of fault when it occurs at all; each occurs in every other life.
SHARES = (0.02, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Weather:
    """Shares from 0 to 1, but for those in seconds."""

    # requests to the exchange
    lost_before: float = 0.0  # never arrives; a reset
    lost_after: float = 0.0  # arrives; the answer is lost
    hangs: float = 0.0  # never arrives; nobody says so for 15 s
    hangs_after: float = 0.0  # arrives; nobody says so for 15 s
    late: float = 0.0  # no answer; arrives up to 8 s later, before or after it is too old
    engine: float = 0.0  # let in, then up to 9 s in the exchange's engine
    refused: float = 0.0  # a definite no out of nowhere
    slow: float = 0.0  # an answer takes seconds
    lag_seconds: float = 0.0  # reads show the exchange as it was this long ago
    # its streams
    duplicated: float = 0.0
    reordered: float = 0.0
    omitted: float = 0.0
    # PostgreSQL and the doorbell
    database_refuses: float = 0.0
    database_breaks: float = 0.0  # before or after it did what was asked
    database_slow: float = 0.0
    bell_lost: float = 0.0


CALM = Weather()
# Some would end a life at once if they were common; some harm only in company of others.
WEIGHTS = {
    "database_refuses": 0.1,
    "database_breaks": 0.1,
    "hangs": 0.3,
    "hangs_after": 0.3,
    "engine": 2.0,
}
LAG_SECONDS_MAX = 4.5


def drawn(chance: Random) -> Weather:
    """Each life has another handful of faults: all at once would hide most of them."""
    weather = CALM
    for field in fields(Weather):
        if chance.random() < 0.5:
            continue
        share = chance.choice(SHARES) * WEIGHTS.get(field.name, 1.0)
        if field.name == "lag_seconds":
            share = LAG_SECONDS_MAX * chance.random() ** 0.5
        weather = replace(weather, **{field.name: share})
    return weather
