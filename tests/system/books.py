"""The same trades from two sides: what the database says, and what the exchange's journal says."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import asyncpg

from tradingbot.paper.accounts import account_of
from tradingbot.paper.journal import Entry

BYBIT_ID_DIGITS = 19
LIVE_ON_EXCHANGE = {"NEW", "PARTIALLY_FILLED"}


async def rows(url: str, query: str, *values: object) -> list[Mapping[str, Any]]:
    # asyncpg's question for TLS, when cancelled, leaves an error behind that nobody hears.
    connection = await asyncpg.connect(url, ssl=False)
    try:
        return [dict(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


def accepted(journal: Iterable[Entry], api_key: str) -> dict[str, Entry]:
    """Accepted orders by client order id. A client order id accepted twice is an assertion."""
    mine = account_of(api_key)
    orders = [e for e in journal if e["kind"] == "order" and e["account"] == mine]
    doubled = [cid for cid, count in Counter(e["cid"] for e in orders).items() if count > 1]
    assert doubled == []
    return {entry["cid"]: entry for entry in orders}


def traded(journal: Iterable[Entry], api_key: str) -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    """Quantity, cost and fee of every trade by trade id and market."""
    mine = account_of(api_key)
    return {
        f"{e['symbol']} {e['trade_id']}": (
            Decimal(e["quantity"]),
            Decimal(e["price"]),
            Decimal(e["fee"]),
        )
        for e in journal
        if e["kind"] == "fill" and e["account"] == mine
    }


def trade_number(shown: str) -> int:
    """The market's own number of a trade, which an id on Bybit's door is made around."""
    return int(shown[5:18]) if len(shown) == BYBIT_ID_DIGITS else int(shown)


async def assert_nothing_lost_or_doubled(url: str, journal: list[Entry], api_key: str) -> None:
    """Every order and trade of the journal is in the database once, and none besides."""
    theirs = accepted(journal, api_key)
    ours = {row["client_order_id"]: row for row in await rows(url, "SELECT * FROM orders")}
    reached = {cid for cid, row in ours.items() if row["exchange_order_id"] is not None}
    assert reached == set(theirs)
    assert {c for c, row in ours.items() if row["status"] in ("planned", "sending")} == set()

    fills = {
        f"{row['symbol']} {trade_number(row['exchange_trade_id'])}": (
            row["quantity"],
            row["price"],
            row["fee"],
        )
        for row in await rows(url, "SELECT * FROM fills")
    }
    assert fills == traded(journal, api_key)
    by_order: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in await rows(url, "SELECT order_id, quantity FROM fills"):
        by_order[row["order_id"]] += row["quantity"]
    for row in ours.values():
        assert row["filled_quantity"] == by_order[row["id"]]
