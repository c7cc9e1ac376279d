"""What the exchange's journal says happened, against what our database says.

Nothing here asks the program: one side is a file of the exchange's, the other plain tables.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from tests.chaos.fleet import Fleet
from tradingbot.paper.journal import Entry

Row: TypeAlias = Mapping[str, Any]
Trade: TypeAlias = tuple[Decimal, Decimal, Decimal, str]

ORDERS = "SELECT * FROM orders"
FILLS = """
SELECT o.client_order_id, f.exchange_trade_id, f.quantity, f.price, f.fee, f.fee_currency
FROM fills f JOIN orders o ON o.id = f.order_id
"""
# Also of those that were found after all: it was said, and somebody may have acted on it.
DENIED = """
SELECT DISTINCT o.client_order_id FROM events e JOIN orders o ON o.id = e.order_id
WHERE e.data ->> 'status' = 'not_placed'
"""
HOLDINGS = "SELECT account_id, asset, sum(amount) AS amount FROM holdings GROUP BY 1, 2"
# Nobody moves money but our own orders: whoever believes in a difference has missed a trade.
DRIFTS = "SELECT message FROM events WHERE type = 'account_warning' AND data ? 'amounts'"
UNSETTLED = {"planned", "sending"}
NEVER_THERE = {"not_placed", "rejected"}
STATUSES = {
    "NEW": "open",
    "PARTIALLY_FILLED": "partially_filled",
    "FILLED": "filled",
    "CANCELED": "cancelled",
    "EXPIRED": "expired",
    "REJECTED": "rejected",
}
# How Bybit shows the exchange's own numbers: an offset, and one digit group among others.
BYBIT_ORDERS = 1_900_000_000_000_000_000
BYBIT_TRADE = re.compile(r"2\d{4}(\d{13})[01]")
# Between the exchange's last look at its clock and the line in its journal.
LATE_MS = 1_000


@dataclass
class Seen:
    """The exchange's side, by client order id."""

    posts: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    orders: dict[str, Entry] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    trades: dict[str, dict[str, Trade]] = field(default_factory=lambda: defaultdict(dict))
    balances: dict[str, dict[str, Decimal]] = field(default_factory=lambda: defaultdict(dict))


@dataclass
class Witness:
    """The journal as far as it has been read: each line once, however often the books are."""

    path: Path
    found: Seen = field(default_factory=Seen)
    offset: int = 0

    def look(self) -> Seen:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # still being written
                self.offset += len(line)
                note(self.found, orjson.loads(line))
        return self.found


def note(found: Seen, entry: Entry) -> None:
    """What one line of the journal says of orders and of money."""
    for asset, held in (entry.get("balances") or {}).items():
        parts = [held] if isinstance(held, str) else held  # free and locked
        found.balances[entry["account"]][asset] = sum(map(Decimal, parts), Decimal(0))
    match entry["kind"]:
        case "post":
            found.posts[entry["cid"]] += 1
        case "order":
            found.accepted[entry["cid"]] += 1
            found.orders[entry["cid"]] = entry
            found.statuses[entry["cid"]] = "NEW"
        case "fill":
            found.statuses[entry["cid"]] = entry["status"]
            found.trades[entry["cid"]][str(entry["trade_id"])] = (
                Decimal(entry["quantity"]),
                Decimal(entry["price"]),
                Decimal(entry["fee"]),
                entry["fee_asset"],
            )
        case "state":
            if entry["status"] in STATUSES:
                found.statuses[entry["cid"]] = entry["status"]
        case _:
            pass  # accounts, refusals, positions: no order


@dataclass
class Books:
    """Client order ids, by what is wrong with them. All empty: nothing is."""

    orders: int = 0
    accepted: int = 0
    posts: int = 0
    posts_max: int = 0
    fills: int = 0
    doubled: list[str] = field(default_factory=list)  # accepted more than once
    reposted: list[str] = field(default_factory=list)  # arrived more than once
    lost: list[str] = field(default_factory=list)  # accepted, and not known as that to us
    denied: list[str] = field(default_factory=list)  # accepted, and we said it never was
    invented: list[str] = field(default_factory=list)  # known to us, never accepted
    unresolved: list[str] = field(default_factory=list)  # still planned or sending
    astray: list[str] = field(default_factory=list)  # in another status than the exchange has
    misfilled: list[str] = field(default_factory=list)  # trades or sums differ
    unplanned: list[str] = field(default_factory=list)  # sent without a row that says so
    unbalanced: list[str] = field(default_factory=list)  # all that is owned is not what is there
    drifted: list[str] = field(default_factory=list)  # money believed to come or go by itself
    late: list[str] = field(default_factory=list)  # accepted after its signature had run out

    def of(self, ids: Collection[str]) -> "Books":
        """What is wrong with these alone."""
        reduced = replace(self)
        for name, wrong in self.problems.items():
            setattr(reduced, name, [cid for cid in wrong if cid in ids])
        return reduced

    @property
    def problems(self) -> dict[str, list[str]]:
        lists = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: ids for name, ids in lists.items() if isinstance(ids, list) and ids}

    @property
    def clean(self) -> bool:
        return not self.problems

    def __str__(self) -> str:
        wrong = {name: len(ids) for name, ids in self.problems.items()}
        return (
            f"{self.orders} orders, {self.accepted} accepted, {self.fills} fills, "
            f"{len(self.lost)} lost, {len(self.doubled)} doubled, "
            f"{self.posts_max} POST per id at most" + (f", WRONG: {wrong}" if wrong else "")
        )


async def books(fleet: Fleet, witness: Witness | None = None) -> Books:
    """As they stand at this moment. The journal is read first: we must know all it has by then."""
    theirs = (witness or Witness(fleet.journal_path)).look()
    ours = {row["client_order_id"]: row for row in await fleet.rows(ORDERS)}
    fills: defaultdict[str, dict[str, Trade]] = defaultdict(dict)
    for row in await fleet.rows(FILLS):
        trade = (row["quantity"], row["price"], row["fee"], row["fee_currency"])
        fills[row["client_order_id"]][_trade_number(row["exchange_trade_id"])] = trade
    denied = {row["client_order_id"] for row in await fleet.rows(DENIED)}
    found = compared(ours, fills, theirs, denied)
    found.unbalanced = unbalanced(ours, theirs, await fleet.rows(HOLDINGS))
    found.drifted = [row["message"] for row in await fleet.rows(DRIFTS)]
    return found


def unbalanced(ours: Mapping[str, Row], theirs: Seen, holdings: Iterable[Row]) -> list[str]:
    """Coins of accounts that traded, where our books and the exchange's balance differ."""
    owned: defaultdict[int, dict[str, Decimal]] = defaultdict(dict)
    for row in holdings:
        owned[row["account_id"]][row["asset"]] = row["amount"]
    accounts = {
        row["account_id"]: theirs.orders[cid]["account"]
        for cid, row in ours.items()
        if cid in theirs.orders
    }
    return [
        f"account {account_id}: {owned[account_id].get(asset, Decimal(0)):f} {asset}, not {there:f}"
        for account_id, account in accounts.items()
        for asset, there in theirs.balances[account].items()
        if owned[account_id].get(asset, Decimal(0)) != there
    ]


def compared(
    ours: Mapping[str, Row],
    fills: Mapping[str, Mapping[str, Trade]],
    theirs: Seen,
    denied: Collection[str] = (),
) -> Books:
    found = Books(
        orders=len(ours),
        accepted=theirs.accepted.total(),
        posts=theirs.posts.total(),
        posts_max=max(theirs.posts.values(), default=0),
        fills=sum(len(trades) for trades in theirs.trades.values()),
        doubled=[cid for cid, count in theirs.accepted.items() if count > 1],
        unplanned=[cid for cid in theirs.posts if not _claimed(ours.get(cid))],
        reposted=[cid for cid, count in theirs.posts.items() if count > 1],
    )
    for cid, entry in theirs.orders.items():
        _judge_accepted(found, cid, entry, ours.get(cid), theirs)
        if cid in denied and cid not in found.denied:
            found.denied.append(cid)
    for cid, row in ours.items():
        if row["status"] in UNSETTLED:
            found.unresolved.append(cid)
        if row["exchange_order_id"] is not None and cid not in theirs.orders:
            found.invented.append(cid)
        if not _adds_up(row, fills.get(cid, {}), theirs.trades.get(cid, {})):
            found.misfilled.append(cid)
    return found


def _judge_accepted(found: Books, cid: str, entry: Entry, row: Row | None, theirs: Seen) -> None:
    if row is None:
        found.lost.append(cid)
        return
    ids = {str(entry["order_id"]), str(BYBIT_ORDERS + entry["order_id"])}
    status = STATUSES[theirs.statuses[cid]]
    if row["status"] in NEVER_THERE and status not in NEVER_THERE:
        found.denied.append(cid)
    elif row["exchange_order_id"] not in ids:
        found.lost.append(cid)
    elif row["status"] != status:
        found.astray.append(cid)
    if _claimed(row) and entry["at"] > _window_end(row) + LATE_MS:
        found.late.append(cid)


def _trade_number(shown: str) -> str:
    bybits = BYBIT_TRADE.fullmatch(shown)
    return str(int(bybits[1])) if bybits else shown


def _claimed(row: Row | None) -> bool:
    return row is not None and row["sign_timestamp_ms"] is not None


def _window_end(row: Row) -> int:
    return int(row["sign_timestamp_ms"] + row["recv_window_ms"])


def _adds_up(row: Row, ours: Mapping[str, Trade], theirs: Mapping[str, Trade]) -> bool:
    filled = sum((trade[0] for trade in theirs.values()), Decimal(0))
    cost = sum((trade[0] * trade[1] for trade in theirs.values()), Decimal(0))
    return ours == theirs and (row["filled_quantity"], row["filled_cost"]) == (filled, cost)
