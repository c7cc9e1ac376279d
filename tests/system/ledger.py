"""One account's money from two sides: our books, and the exchange's journal up to any event."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from tradingbot.paper.journal import Entry
from tradingbot.trading.money import UNROUNDED

Amounts: TypeAlias = Mapping[str, Decimal]

HOLDINGS = "SELECT * FROM holdings WHERE account_id = $1"
FILLS = """
SELECT f.*, o.origin FROM fills f JOIN orders o ON o.id = f.order_id
WHERE f.account_id = $1 ORDER BY f.exchange_trade_id::bigint
"""


@dataclass(frozen=True)
class Books:
    """What the database says at one moment."""

    holdings: Sequence[Mapping[str, Any]]
    fills: Sequence[Mapping[str, Any]]

    def totals(self) -> Amounts:
        return summed((row["asset"], row["amount"]) for row in self.holdings)

    def of(self, bot_id: int, origin: str) -> Amounts:
        mine = (r for r in self.holdings if (r["bot_id"], r["origin"]) == (bot_id, origin))
        return summed((row["asset"], row["amount"]) for row in mine)

    def without(self, later: set[str]) -> Amounts:
        """The totals as they were before these trades."""
        undone = (
            (asset, -amount)
            for fill in self.fills
            if trade_of(fill) in later
            for asset, amount in moved(fill)
        )
        return summed([*self.totals().items(), *undone])


@dataclass
class Witness:
    """What the journal says of one account, event by event, as far as it was read."""

    journal: Path
    account: str
    read: int = 0  # bytes
    trades: list[str] = field(default_factory=list)
    moves: list[Amounts] = field(default_factory=list)  # of each of these trades
    traded_at: list[int] = field(default_factory=list)  # index of its event
    totals: list[Amounts] = field(default_factory=list)  # after each event

    def catch_up(self) -> None:
        with self.journal.open("rb") as file:
            file.seek(self.read)
            new = file.read()
        new = new[: new.rfind(b"\n") + 1]
        self.read += len(new)
        for line in new.splitlines():
            self._note(json.loads(line))

    def at(self, event: int) -> tuple[Amounts, set[str]]:
        """The balances after an event, and the trades that came later."""
        done = bisect_right(self.traded_at, event)
        return present(self.totals[event]), set(self.trades[done:])

    def without(self, missing: set[str]) -> Amounts:
        """The balances after the last event, as if these trades had not been."""
        undone = [
            (asset, -amount)
            for trade, moves in zip(self.trades, self.moves, strict=True)
            if trade in missing
            for asset, amount in moves.items()
        ]
        return summed([*self.totals[-1].items(), *undone])

    def _note(self, entry: Entry) -> None:
        now = self.totals[-1] if self.totals else {}
        if entry.get("account") == self.account:
            now = {**now, **_balances(entry)}
            if entry["kind"] == "fill":
                self.trades.append(_side(entry["trade_id"], entry["side"]))
                self.traded_at.append(len(self.totals))
                self.moves.append(summed(_moved(entry)))
        self.totals.append(now)


async def read_books(url: str, account_id: int) -> Books:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            holdings = await connection.fetch(HOLDINGS, account_id)
            fills = await connection.fetch(FILLS, account_id)
    finally:
        await connection.close()
    return Books([dict(row) for row in holdings], [dict(row) for row in fills])


def trade_of(fill: Mapping[str, Any]) -> str:
    return _side(fill["exchange_trade_id"], fill["side"])


def _side(trade_id: object, side: str) -> str:
    """Two bots of one account may be both sides of one trade."""
    return f"{trade_id} {side}"


def moved(fill: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    """By plain addition, which knows nothing of pockets."""
    base, _, quote = fill["symbol"].partition("/")
    sign = 1 if fill["side"] == "buy" else -1
    with localcontext(UNROUNDED):
        yield base, sign * fill["quantity"]
        yield quote, -sign * fill["quantity"] * fill["price"]
        yield fill["fee_currency"], -fill["fee"]


def _moved(entry: Entry) -> Iterator[tuple[str, Decimal]]:
    numbers = {name: Decimal(entry[name]) for name in ("quantity", "price", "fee")}
    return moved({**entry, **numbers, "fee_currency": entry["fee_asset"]})


def flows(fills: Iterable[Mapping[str, Any]]) -> Amounts:
    """What trades brought, but for fees in a third coin."""
    return summed(
        (asset, amount)
        for fill in fills
        for asset, amount in moved(fill)
        if asset in fill["symbol"].split("/")
    )


def summed(amounts: Iterable[tuple[str, Decimal]]) -> Amounts:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    with localcontext(UNROUNDED):
        for asset, amount in amounts:
            sums[asset] += amount
    return present(sums)


def present(amounts: Amounts) -> Amounts:
    return {asset: amount for asset, amount in amounts.items() if amount}


def _balances(entry: Entry) -> dict[str, Decimal]:
    with localcontext(UNROUNDED):
        return {
            asset: Decimal(held)
            if isinstance(held, str)
            else sum((Decimal(part) for part in held), Decimal(0))
            for asset, held in (entry.get("balances") or {}).items()
        }
