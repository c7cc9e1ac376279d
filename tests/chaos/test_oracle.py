"""The oracle sees every way in which a database and an exchange can disagree."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.chaos.oracle import Books, Seen, Witness, compared, note, unbalanced

CID = "tb-1"
POST = {"kind": "post", "cid": CID}
ORDER = {"kind": "order", "cid": CID, "order_id": 7, "at": 1_000_100}
FILL = {
    "kind": "fill",
    "cid": CID,
    "trade_id": 3,
    "quantity": "0.5",
    "price": "10",
    "fee": "0.0005",
    "fee_asset": "BTC",
    "status": "FILLED",
}
CANCELED = {"kind": "state", "cid": CID, "status": "CANCELED"}
ROW = {
    "status": "filled",
    "exchange_order_id": "7",
    "sign_timestamp_ms": 1_000_000,
    "recv_window_ms": 5_000,
    "filled_quantity": Decimal("0.5"),
    "filled_cost": Decimal("5.0"),
}
TRADES = {"3": (Decimal("0.50"), Decimal(10), Decimal("0.0005"), "BTC")}
NOTHING = {"filled_quantity": Decimal(0), "filled_cost": Decimal(0)}


def judged(
    *journal: Mapping[str, Any], trades: Mapping[str, Any] | None = None, **row: Any
) -> Books:
    """One order of ours, as told, against this journal."""
    theirs = Seen()
    for entry in journal:
        note(theirs, entry)
    fills = TRADES if trades is None else trades
    return compared({CID: ROW | row}, {CID: fills}, theirs)


def test_books_that_agree_are_clean() -> None:
    assert judged(POST, ORDER, FILL).clean


def test_the_numbers_of_bybit_are_the_exchanges_own() -> None:
    assert judged(POST, ORDER, FILL, exchange_order_id="1900000000000000007").clean


@pytest.mark.parametrize(
    ("problem", "journal", "row"),
    [
        ("doubled", [POST, ORDER, ORDER, FILL], {}),
        ("reposted", [POST, POST, ORDER, FILL], {}),
        ("lost", [POST, ORDER, FILL], {"exchange_order_id": None}),
        ("denied", [POST, ORDER, FILL], {"status": "not_placed"}),
        ("denied", [POST, ORDER, FILL], {"status": "rejected"}),
        ("invented", [POST], {}),
        ("unresolved", [POST], {"status": "sending"}),
        ("astray", [POST, ORDER, FILL], {"status": "open"}),
        ("astray", [POST, ORDER, CANCELED], {"status": "open"}),
        ("misfilled", [POST, ORDER, FILL], {"filled_cost": Decimal("5.01")}),
        ("misfilled", [POST, ORDER, FILL, FILL | {"trade_id": 4}], {}),
        ("misfilled", [POST, ORDER], {}),
        ("unplanned", [POST, ORDER, FILL], {"sign_timestamp_ms": None}),
        ("late", [POST, ORDER | {"at": 1_006_001}, FILL], {}),
    ],
)
def test_each_disagreement_is_seen(
    problem: str, journal: list[Mapping[str, Any]], row: Mapping[str, Any]
) -> None:
    assert judged(*journal, **row).problems[problem] == [CID]


def test_a_fee_that_differs_in_the_last_digit_is_seen() -> None:
    trades = {"3": (Decimal("0.5"), Decimal(10), Decimal("0.00051"), "BTC")}
    assert judged(POST, ORDER, FILL, trades=trades).misfilled == [CID]


def test_an_order_nobody_of_us_knows_is_lost() -> None:
    theirs = Seen()
    for entry in (POST, ORDER):
        note(theirs, entry)
    found = compared({}, {}, theirs)
    assert (found.lost, found.unplanned) == ([CID], [CID])


def test_money_that_is_not_where_it_should_be_is_seen() -> None:
    theirs = Seen()
    account = {"account": "a", "balances": {"BTC": ["0.4", "0.1"], "USDT": "7"}}
    for entry in (POST, ORDER | account, FILL | account):
        note(theirs, entry)
    rows = {CID: ROW | {"account_id": 3}}
    holdings = [
        {"account_id": 3, "asset": "BTC", "amount": Decimal("0.5")},
        {"account_id": 3, "asset": "USDT", "amount": Decimal(7)},
    ]
    assert unbalanced(rows, theirs, holdings) == []
    assert unbalanced(rows, theirs, holdings[:1]) == ["account 3: 0 USDT, not 7"]


def test_an_order_that_was_once_said_to_be_absent_and_found_later_is_told_of() -> None:
    theirs = Seen()
    for entry in (POST, ORDER, FILL):
        note(theirs, entry)
    assert compared({CID: ROW}, {CID: TRADES}, theirs, denied={CID}).denied == [CID]


def test_an_order_that_never_arrived_is_no_problem() -> None:
    assert judged(POST, trades={}, status="not_placed", exchange_order_id=None, **NOTHING).clean


def test_a_journal_that_grows_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(orjson.dumps(POST) + b"\n" + orjson.dumps(ORDER)[:10])
    witness = Witness(path)
    assert witness.look().accepted.total() == 0
    path.write_bytes(orjson.dumps(POST) + b"\n" + orjson.dumps(ORDER) + b"\n")
    seen = witness.look()
    assert (seen.posts[CID], seen.accepted[CID]) == (1, 1)
