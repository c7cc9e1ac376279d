"""The strategies that come with the system, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tradingbot.strategies.grid import Grid
from tradingbot.strategies.strategy import Strategy

CATALOGUE: Mapping[str, Strategy[Any, Any]] = MappingProxyType({"grid": Grid()})


class StrategyUnknown(LookupError):  # noqa: N818  # errors are named as facts here
    """No strategy of that name; the message lists those there are."""


def strategy(name: str) -> Strategy[Any, Any]:
    """Raises StrategyUnknown."""
    try:
        return CATALOGUE[name]
    except KeyError:
        known = ", ".join(sorted(CATALOGUE))
        raise StrategyUnknown(f"there is no strategy {name!r}; known: {known}") from None
