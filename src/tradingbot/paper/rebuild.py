"""The venue as it was, from its journal."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tradingbot.paper.entries import decimal, fill_of, order_of, trigger_of
from tradingbot.paper.journal import Entry
from tradingbot.paper.orders import PaperOrder, Status
from tradingbot.paper.venue import Venue
from tradingbot.simulation.matching import Resting


def last_position(entries: Iterable[Entry]) -> Mapping[str, Any] | None:
    """Where the price feed stood when the journal ended."""
    position = None
    for entry in entries:
        if entry["kind"] == "position":
            position = entry["position"]
    return position


def rebuild(venue: Venue, entries: Iterable[Entry]) -> None:
    """Balances, orders, fills, ids and priorities, exactly as they were acknowledged."""
    ledger = venue.ledger
    working: dict[int, PaperOrder] = {}  # in the sequence they joined the book
    for entry in entries:
        venue.journal.seq = entry["seq"]
        kind = entry["kind"]
        if kind == "account":
            granted = {asset: Decimal(free) for asset, free in entry["balances"].items()}
            ledger.grant(entry["account"], granted, entry.get("fee_coin"))
        elif kind == "order":
            order = order_of(entry)
            ledger.admit(order, Decimal(entry["locked"]))
            if order.working_since is not None:
                working[order.id] = order
        elif kind == "fill":
            _fill(venue, entry)
        elif kind == "amend":
            _amend(venue, working, entry)
        elif kind == "state":
            _move(venue, working, entry)
    _reopen(venue, working)


def _fill(venue: Venue, entry: Entry) -> None:
    fill = fill_of(entry)
    venue.ledger.fill(venue.ledger.orders[entry["order_id"]], fill, Status(entry["status"]))
    tape = venue.halls[entry["symbol"]].tape
    tape.last_id = max(tape.last_id, fill.trade_id)


def _amend(venue: Venue, working: dict[int, PaperOrder], entry: Entry) -> None:
    order = venue.ledger.orders[entry["order_id"]]
    asked = replace(
        order.asked,
        quantity=decimal(entry["quantity"]),
        price=decimal(entry["price"]),
        trigger=trigger_of(entry),
    )
    venue.ledger.amend(order, asked, Decimal(entry["locked"]), entry["at"])
    if working.pop(order.id, None):
        working[order.id] = order  # at the end of its queue


def _move(venue: Venue, working: dict[int, PaperOrder], entry: Entry) -> None:
    order = venue.ledger.orders[entry["order_id"]]
    status = entry["status"]
    if status == "WORKING" and order.asked.trigger:
        order.waiting = False  # asleep from now on
    elif status in {"WORKING", "TRIGGERED"}:
        venue.ledger.wake(order, Decimal(entry["locked"]), entry["at"])
        working[order.id] = order
    else:
        order.reason = entry.get("reason")
        venue.ledger.move(order, Status(status), entry["at"])


def _reopen(venue: Venue, working: Mapping[int, PaperOrder]) -> None:
    for order in working.values():
        if order.open and order.asked.price is not None:
            book = venue.halls[order.asked.symbol].book
            book.rest(Resting(order.id, order.asked.side, order.asked.price, order.remaining))
    for account in venue.ledger.accounts.values():
        for symbol, open_orders in account.open.items():
            for order in open_orders.values():
                if order.waiting:
                    venue.waiting.append(order)
                elif order.working_since is None:
                    venue.halls[symbol].sleep(order)
