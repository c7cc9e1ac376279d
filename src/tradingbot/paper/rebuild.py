"""The venue as it was, from its journal."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tradingbot.paper.journal import Entry
from tradingbot.paper.orders import Fill, Lasting, OrderRequest, PaperOrder, Status, Trigger
from tradingbot.paper.venue import Venue
from tradingbot.simulation.matching import Resting
from tradingbot.trading.order import Side


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
            ledger.grant(entry["account"], granted)
        elif kind == "order":
            order = _order(entry)
            ledger.admit(order, Decimal(entry["locked"]))
            if order.working_since is not None:
                working[order.id] = order
        elif kind == "fill":
            _fill(venue, entry)
        elif kind == "state":
            order = ledger.orders[entry["order_id"]]
            if entry["status"] == "TRIGGERED":
                ledger.wake(order, Decimal(entry["locked"]), entry["at"])
                working[order.id] = order
            else:
                ledger.move(order, Status(entry["status"]), entry["at"])
    _reopen(venue, working)


def _reopen(venue: Venue, working: Mapping[int, PaperOrder]) -> None:
    for order in working.values():
        if order.open and order.asked.price is not None:
            book = venue.halls[order.asked.symbol].book
            book.rest(Resting(order.id, order.asked.side, order.asked.price, order.remaining))
    for account in venue.ledger.accounts.values():
        for symbol, open_orders in account.open.items():
            for order in open_orders.values():
                if order.working_since is None:
                    venue.halls[symbol].sleep(order)


def _order(entry: Entry) -> PaperOrder:
    trigger = entry["trigger"]
    asked = OrderRequest(
        cid=entry["cid"],
        symbol=entry["symbol"],
        side=Side(entry["side"]),
        quantity=_decimal(entry["quantity"]),
        budget=_decimal(entry["budget"]),
        price=_decimal(entry["price"]),
        lasting=Lasting(entry["lasting"]),
        post_only=entry["post_only"],
        trigger=Trigger(Decimal(trigger[0]), trigger[1]) if trigger else None,
    )
    at = entry["at"]
    return PaperOrder(
        id=entry["order_id"],
        account=entry["account"],
        asked=asked,
        created=at,
        updated=at,
        working_since=None if trigger else at,
    )


def _fill(venue: Venue, entry: Entry) -> None:
    fill = Fill(
        trade_id=entry["trade_id"],
        price=Decimal(entry["price"]),
        quantity=Decimal(entry["quantity"]),
        fee=Decimal(entry["fee"]),
        fee_asset=entry["fee_asset"],
        maker=entry["maker"],
        at=entry["at"],
    )
    venue.ledger.fill(venue.ledger.orders[entry["order_id"]], fill, Status(entry["status"]))
    tape = venue.halls[entry["symbol"]].tape
    tape.last_id = max(tape.last_id, fill.trade_id)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
