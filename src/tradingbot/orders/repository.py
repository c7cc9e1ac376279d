"""Every query on orders and fills; what a user asks for always starts from the user."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypedDict

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from tradingbot.exchanges.models import exchange_accounts
from tradingbot.exchanges.ports import Trade
from tradingbot.kit.database import Connection
from tradingbot.kit.lease import alive
from tradingbot.kit.statement import Driver, Row, Statement
from tradingbot.orders.models import LIVE_STATUSES, Order, fills, orders
from tradingbot.trading.order import LIVE, OrderStatus, OrderType, Side

ROW = tuple(orders.c[field.name] for field in fields(Order))
LIVE_VALUES = sorted(LIVE)
UNSETTLED = ("planned", "sending")


class NewOrder(TypedDict):
    """One decision to trade, as it is planned."""

    user_id: int
    bot_id: int
    account_id: int
    symbol: str
    slot: str
    round: int
    origin: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    client_order_id: str
    reason: str


def _bound(*names: str) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name) for name in names}


def _own(*names: str) -> ColumnElement[bool]:
    return and_(*(orders.c[name] == bindparam(name) for name in names))


def _update(which: ColumnElement[bool], **values: object) -> Statement:
    changed = update(orders).where(which).values(updated_at=func.now(), **values)
    return Statement(changed.returning(*ROW))


IS_LIVE = text(f"orders.status IN {LIVE_STATUSES}")
NEW = _bound(*NewOrder.__annotations__)
STAMP = _bound("sign_timestamp_ms", "recv_window_ms")
# An answer that takes half the window is looked for.
LOOK_FOR_ANSWER = func.now() + cast(STAMP["recv_window_ms"], Integer) * text("interval '0.5 ms'")
UNASKED = ["bot_id", "slot", "round"]
PLAN = Statement(
    insert(orders).values(NEW).on_conflict_do_nothing(index_elements=UNASKED).returning(*ROW)
)
PLAN_TO_SEND = Statement(
    insert(orders)
    .values({**NEW, **STAMP, "status": "sending", "check_after": LOOK_FOR_ANSWER})
    .on_conflict_do_nothing(index_elements=UNASKED)
    .returning(*ROW)
)
OWNED = Statement(select(*ROW).where(_own("user_id", "id")))
BY_ID = Statement(select(*ROW).where(_own("id")))
LOCK_BY_ID = Statement(select(*ROW).where(_own("id")).with_for_update())
BY_SLOT = Statement(select(*ROW).where(_own("bot_id", "slot", "round")))
LOCK = Statement(
    select(*ROW)
    .where(
        _own("account_id"),
        or_(_own("client_order_id"), _own("symbol", "exchange_order_id")),
    )
    .order_by(_own("client_order_id").desc())
    .limit(1)
    .with_for_update()
)
CLAIM_TO_SEND = _update(
    and_(_own("id"), text("orders.status = 'planned' AND orders.cancel_requested_at IS NULL")),
    status="sending",
    check_after=LOOK_FOR_ANSWER,
    **STAMP,
)
SAVE_REPORT = _update(
    _own("id"),
    **_bound(
        "status",
        "exchange_order_id",
        "filled_quantity",
        "filled_cost",
        "fee",
        "fee_currency",
        "reason",
    ),
)
END = _update(_own("id"), **_bound("status", "code", "reason"))
WISH = {
    "cancel_requested_at": func.coalesce(orders.c.cancel_requested_at, func.now()),
    "check_after": func.now() + text("interval '2 seconds'"),
}
WISH_BY_ID = _update(and_(_own("id"), IS_LIVE), **WISH)
WISH_BY_SLOT = _update(and_(_own("bot_id", "slot", "round"), IS_LIVE), **WISH)
FILL = [column.name for column in fills.columns if column.name != "id"]
ADD_FILL = Statement(
    insert(fills).values(_bound(*FILL)).on_conflict_do_nothing().returning(fills.c.id)
)
FEES_OF = Statement(
    select(fills.c.fee_currency, func.sum(fills.c.fee).label("fee"))
    .where(fills.c.order_id == bindparam("order_id"))
    .group_by(fills.c.fee_currency)
)


def order_of(row: Row) -> Order:
    known = dict(row.items())
    known["side"] = Side(known["side"])
    known["type"] = OrderType(known["type"])
    known["status"] = OrderStatus(known["status"])
    return Order(**known)


async def plan(driver: Driver, planned: Sequence[NewOrder]) -> list[Order]:
    """Insert as `planned` those not asked for before; asked twice is placed once."""
    rows = [await PLAN.row(driver, **new) for new in planned]
    return [order_of(row) for row in rows if row is not None]


async def plan_to_send(
    driver: Driver, new: NewOrder, sign_timestamp_ms: int, recv_window_ms: int
) -> Order | None:
    """Insert as `sending`, claimed by the caller alone; None when it was asked for before."""
    stamp = {"sign_timestamp_ms": sign_timestamp_ms, "recv_window_ms": recv_window_ms}
    return _maybe(await PLAN_TO_SEND.row(driver, **new, **stamp))


def _maybe(row: Row | None) -> Order | None:
    return None if row is None else order_of(row)


async def many(connection: Connection, query: Select[Any]) -> list[Order]:
    return [order_of(row) for row in (await connection.execute(query)).mappings()]


async def owned(driver: Driver, user_id: int, order_id: int) -> Order | None:
    return _maybe(await OWNED.row(driver, user_id=user_id, id=order_id))


async def page(  # its filters, each by name
    connection: Connection,
    user_id: int,
    *,
    bot_id: int | None = None,
    status: str | None = None,
    symbol: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Order]:
    """Newest first, at most `limit`, older than `before_id`."""
    query = select(*ROW).where(orders.c.user_id == user_id).order_by(orders.c.id.desc())
    for column, wanted in (("bot_id", bot_id), ("status", status), ("symbol", symbol)):
        if wanted is not None:
            query = query.where(orders.c[column] == wanted)
    if before_id is not None:
        query = query.where(orders.c.id < before_id)
    return await many(connection, query.limit(limit))


async def by_id(driver: Driver, order_id: int) -> Order | None:
    return _maybe(await BY_ID.row(driver, id=order_id))


async def lock_by_id(driver: Driver, order_id: int) -> Order | None:
    return _maybe(await LOCK_BY_ID.row(driver, id=order_id))


async def by_slot(driver: Driver, bot_id: int, slot: str, round_: int) -> Order | None:
    return _maybe(await BY_SLOT.row(driver, bot_id=bot_id, slot=slot, round=round_))


async def lock(
    driver: Driver, account_id: int, symbol: str, client_order_id: str, exchange_order_id: str
) -> Order | None:
    """The row a report speaks of, locked: by our id, else by the exchange's own."""
    ids = {"client_order_id": client_order_id, "exchange_order_id": exchange_order_id}
    return _maybe(await LOCK.row(driver, account_id=account_id, symbol=symbol, **ids))


async def claim_to_send(
    driver: Driver, order_id: int, sign_timestamp_ms: int, recv_window_ms: int
) -> Order | None:
    """From planned to sending, for exactly one caller; None for everybody else."""
    stamp = {"sign_timestamp_ms": sign_timestamp_ms, "recv_window_ms": recv_window_ms}
    return _maybe(await CLAIM_TO_SEND.row(driver, id=order_id, **stamp))


async def save_report(driver: Driver, order: Order) -> Order:
    """What an exchange's report changed: status, its own id, what is filled, fee and reason."""
    row = await SAVE_REPORT.row(
        driver,
        id=order.id,
        status=order.status,
        exchange_order_id=order.exchange_order_id,
        filled_quantity=order.filled_quantity,
        filled_cost=order.filled_cost,
        fee=order.fee,
        fee_currency=order.fee_currency,
        reason=order.reason,
    )
    assert row is not None
    return order_of(row)


async def end(driver: Driver, order_id: int, status: OrderStatus, code: str, reason: str) -> Order:
    row = await END.row(driver, id=order_id, status=status, code=code, reason=reason)
    assert row is not None
    return order_of(row)


async def count_miss(connection: Connection, order_id: int) -> int:
    """How often it was looked up in vain by now."""
    missed = await connection.execute(
        update(orders)
        .where(orders.c.id == order_id)
        .values(lookups_missed=orders.c.lookups_missed + 1)
        .returning(orders.c.lookups_missed)
    )
    return int(missed.scalar_one())


async def add_fills(driver: Driver, order: Order, trades: Sequence[Trade]) -> list[Trade]:
    """Insert what is not there yet; the trades that were new."""
    whose = {
        "order_id": order.id,
        "user_id": order.user_id,
        "bot_id": order.bot_id,
        "account_id": order.account_id,
        "symbol": order.symbol,
    }
    new = []
    for trade in trades:
        row = await ADD_FILL.row(
            driver,
            **whose,
            side=trade.side,
            exchange_trade_id=trade.trade_id,
            quantity=trade.quantity,
            price=trade.price,
            fee=trade.fee,
            fee_currency=trade.fee_currency,
            liquidity="maker" if trade.maker else "taker",
            traded_at=trade.at,
        )
        if row is not None:
            new.append(trade)
    return new


async def fees_of(driver: Driver, order_id: int) -> dict[str, Decimal]:
    rows = await FEES_OF.rows(driver, order_id=order_id)
    return {row["fee_currency"]: row["fee"] for row in rows}


async def ask_to_cancel(
    driver: Driver, bot_id: int, keys: Sequence[tuple[str, int]]
) -> list[Order]:
    """Note the wish on the live orders of these slots and rounds; they are ours to cancel next."""
    wished = [
        await WISH_BY_SLOT.row(driver, bot_id=bot_id, slot=slot, round=round_)
        for slot, round_ in keys
    ]
    return [order_of(row) for row in wished if row is not None]


async def ask_to_cancel_one(driver: Driver, order_id: int) -> Order | None:
    return _maybe(await WISH_BY_ID.row(driver, id=order_id))


async def take_due(connection: Connection, limit: int) -> list[Order]:
    """Orders nobody finished: planned and left, sent and unanswered, cancels not done.

    Taking them moves their next look, so that several sweepers share the work.
    """
    live = orders.c.status.in_(LIVE_VALUES)
    due = or_(
        and_(
            orders.c.status == "planned",
            orders.c.created_at < func.now() - timedelta(seconds=3),
            or_(orders.c.check_after.is_(None), orders.c.check_after < func.now()),
        ),
        and_(orders.c.status == "sending", orders.c.check_after < func.now()),
        and_(live, orders.c.cancel_requested_at.is_not(None), orders.c.check_after < func.now()),
    )
    chosen = select(orders.c.id).where(due).order_by(orders.c.check_after).limit(limit)
    chosen = chosen.with_for_update(skip_locked=True)
    backoff = func.least(8, func.power(2, orders.c.lookups_missed) * 0.5)
    rows = await connection.execute(
        update(orders)
        .where(orders.c.id.in_(chosen.scalar_subquery()))
        .values(check_after=func.now() + backoff * text("interval '1 second'"))
        .returning(*ROW)
    )
    return [order_of(row) for row in rows.mappings()]


async def on_book(connection: Connection, account_id: int) -> list[Order]:
    """The account's orders that should rest on the exchange, and those not answered for."""
    live = orders.c.status.in_(("sending", "open", "partially_filled"))
    query = select(*ROW).where(orders.c.account_id == account_id, live)
    return await many(connection, query.order_by(orders.c.id))


async def claim_accounts(connection: Connection, worker_id: str) -> list[int]:
    """Take accounts with live orders that no living monitor listens to; the ids taken."""
    has_orders = exists().where(
        orders.c.account_id == exchange_accounts.c.id, orders.c.status.in_(LIVE_VALUES)
    )
    holder = exchange_accounts.c.monitor_id
    free = or_(holder.is_(None), holder.not_in(alive()))
    chosen = select(exchange_accounts.c.id).where(has_orders, free).limit(100)
    rows = await connection.execute(
        update(exchange_accounts)
        .where(exchange_accounts.c.id.in_(chosen.with_for_update(skip_locked=True)))
        .values(monitor_id=worker_id)
        .returning(exchange_accounts.c.id)
    )
    return list(rows.scalars())


async def release_account(connection: Connection, account_id: int, worker_id: str) -> bool:
    """Let go of an account nothing is open on; False when an order came in the meantime."""
    has_orders = exists().where(orders.c.account_id == account_id, orders.c.status.in_(LIVE_VALUES))
    released = await connection.execute(
        update(exchange_accounts)
        .where(
            exchange_accounts.c.id == account_id,
            exchange_accounts.c.monitor_id == worker_id,
            ~has_orders,
        )
        .values(monitor_id=None)
    )
    return released.rowcount == 1


async def release_accounts(connection: Connection, worker_id: str) -> None:
    await connection.execute(
        update(exchange_accounts)
        .where(exchange_accounts.c.monitor_id == worker_id)
        .values(monitor_id=None)
    )
