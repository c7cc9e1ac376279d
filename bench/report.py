"""One number with what it is compared to: a JSON line for programs, a table row for people."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

# Errors and progress belong to people, so does the table: standard output is for programs.
people = Console(stderr=True, width=None if sys.stderr.isatty() else 150)


@dataclass(frozen=True, slots=True)
class Result:
    """`baseline` in the unit of `value`: a measurement of the same run, or the budget itself.

    `ratio_max` (or `ratio_min`, where more is better) is the budget; without either there is none.
    """

    name: str
    value: float
    unit: str
    baseline: float
    budget: str
    ratio_max: float | None = None
    ratio_min: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.baseline

    @property
    def met(self) -> bool:
        above = self.ratio_max is not None and self.ratio > self.ratio_max
        below = self.ratio_min is not None and self.ratio < self.ratio_min
        return not above and not below

    def line(self) -> str:
        return json.dumps(
            {
                "name": self.name,
                "value": _short(self.value),
                "unit": self.unit,
                "baseline": _short(self.baseline),
                "ratio": _short(self.ratio),
            },
            ensure_ascii=False,
        )


def within(name: str, value: float, unit: str, limit: float, budget: str, note: str = "") -> Result:
    """A result whose baseline is its budget."""
    return Result(name, value, unit, limit, budget, ratio_max=1.0, note=note)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def show(results: Sequence[Result]) -> None:
    table = Table(title="Benchmarks", title_justify="left")
    for name in ("what", "value", "baseline", "ratio", "budget", "", "note"):
        right = name in {"value", "baseline", "ratio"}
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for result in results:
        table.add_row(
            result.name,
            f"{_short(result.value)} {result.unit}",
            f"{_short(result.baseline)} {result.unit}",
            f"{result.ratio:.2f}",
            result.budget,
            "[green]met[/]" if result.met else "[red]not met[/]",
            result.note,
        )
    people.print(table)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
