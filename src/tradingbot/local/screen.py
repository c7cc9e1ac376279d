"""What a person sees in the terminal while the system runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

Json = Mapping[str, Any]
FILLS_SHOWN = 8
BOTS_SHOWN = 12
BOT_COLUMNS = ("name", "symbol", "status", "cells_completed", "grid_profit")
FILL_COLUMNS = ("time", "symbol", "side", "quantity", "average_price")

console = Console(highlight=False)


def tell(message: str) -> None:
    console.print(message, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class Status:
    """One look at the system, as the API tells it."""

    title: str
    bots: list[Json] = field(default_factory=list)
    open_orders: list[Json] = field(default_factory=list)
    fills: list[Json] = field(default_factory=list)
    stats: Json = field(default_factory=dict)
    pids: Mapping[str, int | None] = field(default_factory=dict)


def as_line(status: Status) -> str:
    """All of it in one line, for logs and pipes."""
    running = sum(bot["status"] == "running" for bot in status.bots)
    down = [name for name, pid in status.pids.items() if pid is None]
    return " · ".join(
        [
            f"{running} of {len(status.bots)} bots running",
            *summary(status),
            f"down: {', '.join(down)}" if down else "every process up",
        ]
    )


def as_screen(status: Status) -> RenderableType:
    fills = [fill | {"time": str(fill["updated_at"])[11:19]} for fill in map(dict, status.fills)]
    return Group(
        Text(status.title, style="bold"),
        _table("Bots", status.bots, BOT_COLUMNS),
        _table("Last filled orders", fills[:FILLS_SHOWN], FILL_COLUMNS),
        Text(" · ".join(summary(status)), style="bold"),
        _processes(status.pids),
        Text("Ctrl-C stops everything; the next start goes on from there.", style="dim"),
    )


def summary(status: Status) -> list[str]:
    """The system in a few words; what the grids' steps earned after fees, to the cent."""
    earned: dict[str, Decimal] = {}
    for bot in status.bots:
        profit = Decimal(bot.get("grid_profit", 0))
        earned[bot["quote"]] = earned.get(bot["quote"], Decimal(0)) + profit
    profits = [f"grid profit {profit:+.2f} {coin}" for coin, profit in earned.items()]
    return [
        f"{status.stats['orders_open']} open orders",
        f"{status.stats['fills']} fills",
        *profits,
    ]


def _table(title: str, rows: Sequence[Json], columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", expand=True)
    for column in columns:
        table.add_column(column.replace("_", " "))
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    return table


def _processes(pids: Mapping[str, int | None]) -> Text:
    words = Text()
    for name, pid in pids.items():
        words.append(f"{name} {pid or 'down'}  ", style="green" if pid else "red")
    return words
