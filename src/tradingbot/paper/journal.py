"""The paper exchange's memory: every order, fill and balance, one JSON line each, never changed.

It is also the independent oracle of tests: whatever a database says about trades, this file is
what the exchange did. Kinds of lines, all with `seq`, `at` (ms) and `kind`:

`account`  account, balances: opened, or given new balances, or a `fee_coin` to pay fees with
`post`     an order request that reached a door of `exchange`, before anything was decided:
           account, cid, symbol, and the `fault` that was then made to happen to it, if any
`order`    an accepted request with its `order_id` and `cid`; `locked` is what it holds;
           `waiting` when it was acknowledged before the market had seen it
`amend`    order_id, and the quantity, price and trigger it has from now on
`refused`  an order request that was not accepted: its `cid`, `symbol`, `code` and `detail`
`fill`     order_id, trade_id, price, quantity, fee, fee_asset, maker, the order's new `status`
`state`    order_id and its new `status`, with a `reason` where that does not tell it; or TRIGGERED,
           or WORKING when one that waited reached the market, with what it holds now
`position` where the price feed stands

Lines that move money carry `balances`: asset → [free, locked] afterwards.
"""

import fcntl
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import orjson

Entry: TypeAlias = Mapping[str, Any]


def read(path: Path) -> Iterator[Entry]:
    """All whole lines of a journal; a last line cut short by a crash was never acknowledged."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


@dataclass(slots=True)
class Totals:
    """What an account traded in one market: amounts before fees, and the fees by asset."""

    bought: Decimal = Decimal(0)
    sold: Decimal = Decimal(0)
    spent: Decimal = Decimal(0)
    earned: Decimal = Decimal(0)
    fees: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    fills: int = 0


def totals(entries: Iterable[Entry], account: str, symbol: str) -> Totals:
    """`account` as `accounts.account_of(api_key)` names it, `symbol` like BTC/USDT."""
    sums = Totals()
    for entry in entries:
        if (entry["kind"], entry.get("account"), entry.get("symbol")) != ("fill", account, symbol):
            continue
        price, quantity = Decimal(entry["price"]), Decimal(entry["quantity"])
        if entry["side"] == "buy":
            sums.bought += quantity
            sums.spent += price * quantity
        else:
            sums.sold += quantity
            sums.earned += price * quantity
        sums.fees[entry["fee_asset"]] += Decimal(entry["fee"])
        sums.fills += 1
    return sums


@dataclass(slots=True)
class Arrivals:
    """By account and client id: how many requests came in, and how many orders came of them."""

    posts: Counter[tuple[str, str]] = field(default_factory=Counter)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)


def arrivals(entries: Iterable[Entry]) -> Arrivals:
    """What was sent, as the exchange saw it; without an account where no key came along."""
    seen = Arrivals()
    for entry in entries:
        if entry["kind"] == "post":
            seen.posts[entry["account"] or "", entry["cid"]] += 1
        elif entry["kind"] == "order":
            seen.accepted[entry["account"], entry["cid"]] += 1
    return seen


class JournalTaken(Exception):  # noqa: N818  # errors are named after what is the case
    """Another process writes this journal."""


class Journal:
    """Collects lines and writes them before anything that depends on them leaves the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[bytes] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise JournalTaken(path) from None
        _drop_torn_line(self._file)
        self.seq = 0

    @property
    def dirty(self) -> bool:
        return bool(self._waiting)

    def append(self, kind: str, at: int, **fields: object) -> None:
        """One more line; `at` is ms."""
        self.seq += 1
        line = {"seq": self.seq, "at": at, "kind": kind, **fields}
        self._waiting.append(orjson.dumps(line, default=_plain, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """To the operating system: a killed process loses nothing, a power cut may."""
        if not self._waiting:
            return
        data = b"".join(self._waiting)
        self._waiting.clear()
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        self.flush()
        os.close(self._file)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(type(value).__name__)


def _drop_torn_line(file: int) -> None:
    end = os.fstat(file).st_size
    while end:
        start = max(0, end - 65_536)
        newline = os.pread(file, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    os.ftruncate(file, end)
