"""How profit grew, day by day, as a summary carries it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradingbot.notifications.figures import number
from tradingbot.notifications.messages import shortened

POINTS_MIN = 2
POINTS_MAX = 62
DAY_CHARACTERS_MAX = 12


@dataclass(frozen=True, slots=True)
class Curve:
    days: tuple[str, ...]
    values: tuple[Decimal, ...]
    currency: str


def curve_of(data: Mapping[str, Any]) -> Curve | None:
    """None when there is none, or nothing that could be drawn: anybody may push a summary."""
    points = data.get("curve")
    if not isinstance(points, list) or not POINTS_MIN <= len(points) <= POINTS_MAX:
        return None
    days, values = [], []
    for point in points:
        if not isinstance(point, list) or len(point) != 2:
            return None
        value = number(point[1])
        if value is None:
            return None
        days.append(shortened(str(point[0]))[:DAY_CHARACTERS_MAX])
        values.append(value)
    return Curve(tuple(days), tuple(values), shortened(str(data.get("profit_currency") or "")))
