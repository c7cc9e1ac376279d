"""What became of an account's orders: open ones and the latest at once, the past a little later."""

from collections.abc import Callable, Iterable, Iterator
from heapq import nlargest
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, unquote

from tradingbot.paper import bybit_errors as errors
from tradingbot.paper import bybit_shapes as shapes
from tradingbot.paper.bybit_gateway import Call, Result
from tradingbot.paper.bybit_orders import BAD_FILTER, OrderFilter, find
from tradingbot.paper.candles import DAY, HOUR, WEEK
from tradingbot.paper.orders import Fill, PaperOrder

ORDERS_DEFAULT, ORDERS_MOST = 20, 50
EXECUTIONS_DEFAULT, EXECUTIONS_MOST = 50, 100

Item = TypeVar("Item")
Place: TypeAlias = tuple[int, int, int]  # where an item stands in time
# How far the clock may have been set back since something was noted.
SLACK = HOUR


def realtime(call: Call) -> Result:
    """Open orders; or of those closed since the start the last ones; or one, whatever it is."""
    call.params.spot()
    if (named := _named(call)) is not None:
        known = call.engine.closed[call.account.id]
        chosen: Iterable[PaperOrder] = [o for o in named if o.open or o.id in known]
    elif call.params.integer("openOnly") == 1:
        closed, seen = call.engine.closed[call.account.id].values(), call.account.orders
        chosen = [order for order in closed if order.id in seen[order.asked.symbol]]
    else:
        chosen = [order for orders in call.account.open.values() for order in orders.values()]
    wanted = _wanted(call)
    orders = [order for order in chosen if not order.waiting and wanted(order)]
    return _page(call, orders, (ORDERS_DEFAULT, ORDERS_MOST), _place, shapes.order_body)


def history(call: Call) -> Result:
    """Closed orders, a little late; those cancelled without a fill for a day only."""
    call.params.spot()
    now = call.venue.now()
    lag = int(call.venue.options.bybit_history_lag_seconds * 1000)
    start, end = _span(call, now)
    status, wanted = call.params.text("orderStatus"), _wanted(call)
    named = _named(call)
    known = named if named is not None else _backwards(call, start)

    def told(order: PaperOrder) -> bool:
        return (
            not order.open
            and order.updated + lag <= now
            and (bool(order.fills) or now - order.updated < DAY)
            and start <= order.created <= end
            and (status is None or shapes.status_of(order) == status)
            and wanted(order)
        )

    limits = ORDERS_DEFAULT, ORDERS_MOST
    return _page(call, filter(told, known), limits, _place, shapes.order_body)


def executions(call: Call) -> Result:
    """Every fill, newest first. An order's id makes it overlook everything else."""
    call.params.spot()
    start, end = _span(call, call.venue.now())
    named = _named(call)
    if named is not None:
        fills: Iterable[tuple[PaperOrder, Fill]] = [
            (order, fill) for order in named for fill in reversed(order.fills)
        ]
    else:
        fills = _fills(call, start, end)
    if call.params.text("execType") not in (None, "Trade"):
        fills = ()
    limits = EXECUTIONS_DEFAULT, EXECUTIONS_MOST
    return _page(call, fills, limits, _moment, lambda each: shapes.execution(call.venue, *each))


def _named(call: Call) -> list[PaperOrder] | None:
    """The order asked for by its id or else its client id; None when no order is asked for."""
    shown, cid = call.params.given("orderId"), call.params.given("orderLinkId")
    if shown is None and cid is None:
        return None
    order = find(call, shown, cid)
    return [] if order is None else [order]


def _wanted(call: Call) -> Callable[[PaperOrder], bool]:
    """Whether an order is of the kind and market asked for; an id given overrules the market."""
    params = call.params
    only = params.choice("orderFilter", OrderFilter, BAD_FILTER)
    named = params.given("orderId") is not None or params.given("orderLinkId") is not None
    symbol = None if named else params.text("symbol")
    coin = None if named or symbol else params.text("baseCoin")

    def wanted(order: PaperOrder) -> bool:
        return (
            (only is None or shapes.kind_of(order) == only)
            and (symbol is None or shapes.id_of(order.asked.symbol) == symbol)
            and (coin is None or order.asked.symbol.startswith(f"{coin}/"))
        )

    return wanted


def _backwards(call: Call, start: int) -> Iterator[PaperOrder]:
    for orders in call.account.orders.values():
        for order in reversed(orders.values()):
            if order.created < start - SLACK:
                break
            yield order


def _fills(call: Call, start: int, end: int) -> Iterator[tuple[PaperOrder, Fill]]:
    asked, known = call.params.text("symbol"), call.account.fills
    symbol = call.hall(errors.unknown_market()).market.symbol if asked else None
    for fills in [known[symbol]] if symbol else list(known.values()):
        for order, fill in reversed(fills):
            if fill.at < start - SLACK:
                break
            if start <= fill.at <= end:
                yield order, fill


def _place(order: PaperOrder) -> Place:
    return order.created, order.id, 0


def _moment(each: tuple[PaperOrder, Fill]) -> Place:
    order, fill = each
    return fill.at, fill.trade_id, order.id


def _span(call: Call, now: int) -> tuple[int, int]:
    """From when until when, ms: seven days, wherever they lie."""
    start, end = call.params.integer("startTime"), call.params.integer("endTime")
    if start is None:
        end = now if end is None else end
        return end - WEEK, end
    if end is None:
        return start, start + WEEK
    if start > end or end - start > WEEK:
        raise errors.wrong("startTime and endTime are up to 7 days apart.")
    return start, end


def _page(
    call: Call,
    items: Iterable[Item],
    limits: tuple[int, int],
    place: Callable[[Item], Place],
    shape: Callable[[Item], dict[str, Any]],
) -> Result:
    """The newest first; the cursor names the last one told."""
    limit = call.params.limit(*limits)
    after = _after(call.params.text("cursor"))
    older = [item for item in items if after is None or place(item) < after]
    chosen = nlargest(limit, older, key=place)
    cursor = quote(":".join(map(str, place(chosen[-1])))) if len(chosen) == limit else ""
    told = [shape(item) for item in chosen]
    return {"category": "spot", "list": told, "nextPageCursor": cursor}


def _after(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    # Sent back as it was told, or percent-encoded once more.
    parts = unquote(unquote(cursor)).split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise errors.wrong("cursor is not one of ours.")
    return int(parts[0]), int(parts[1]), int(parts[2])
