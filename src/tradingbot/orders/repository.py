"""Every query on orders and fills; what a user asks for always starts from the user."""

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any, NotRequired, TypedDict

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
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from tradingbot.exchanges.models import exchange_accounts
from tradingbot.exchanges.ports import Trade
from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver, Row, Statement
from tradingbot.orders.models import LIVE_STATUSES, Order, fills, orders
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import OrderStatus, OrderType, Side

ROW = tuple(orders.c[field.name] for field in fields(Order))


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
    estimate: NotRequired[Decimal | None]
    drawn: NotRequired[Decimal]


def _bound(*names: str) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name) for name in names}


def _own(*names: str) -> ColumnElement[bool]:
    return and_(*(orders.c[name] == bindparam(name) for name in names))


def _update(which: ColumnElement[bool], **values: object) -> Statement:
    changed = update(orders).where(which).values(updated_at=func.now(), **values)
    return Statement(changed.returning(*ROW))


IS_LIVE = text(f"orders.status IN {LIVE_STATUSES}")
# What a new order need not say.
UNSAID = {
    name: bindparam(name, value, type_=orders.c[name].type)
    for name, value in (("estimate", None), ("drawn", ZERO))
}
NEW = {**_bound(*NewOrder.__annotations__), **UNSAID}
STAMP = _bound("sign_timestamp_ms", "recv_window_ms")
# An answer that takes half the window is looked for.
LOOK_FOR_ANSWER = func.now() + cast(STAMP["recv_window_ms"], Integer) * text("interval '0.5 ms'")
UNASKED = ["bot_id", "slot", "round"]
PLAN = Statement(
    insert(orders).values(NEW).on_conflict_do_nothing(index_elements=UNASKED).returning(*ROW)
)
# A held account sends nothing: what is planned on it stays planned, and nothing new begins.
HELD_ACCOUNT = exchange_accounts.c.held_since.is_not(None)
TO_SEND = {
    **{name: bindparam(name, type_=orders.c[name].type) for name in (*NEW, *STAMP)},
    **UNSAID,
    "status": literal_column("'sending'"),
    "check_after": LOOK_FOR_ANSWER,
}
PLAN_TO_SEND = Statement(
    insert(orders)
    .from_select(
        list(TO_SEND),
        select(*TO_SEND.values()).where(
            ~exists().where(exchange_accounts.c.id == TO_SEND["account_id"], HELD_ACCOUNT)
        ),
    )
    .on_conflict_do_nothing(index_elements=UNASKED)
    .returning(*ROW)
)
PLAN_REFUSED = Statement(
    insert(orders)
    .values({**NEW, "status": "rejected", "code": bindparam("code")})
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
    and_(
        _own("id"),
        text("orders.status = 'planned' AND orders.cancel_requested_at IS NULL"),
        ~exists().where(exchange_accounts.c.id == orders.c.account_id, HELD_ACCOUNT),
    ),
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
LOOK_SOON = Statement(
    update(orders)
    .where(_own("id"), text("orders.status = 'sending'"))
    .values(check_after=func.now() + text("interval '0.5 seconds'"))
)
# What was set aside for it goes back with this: found on the exchange later, it has none.
END = _update(_own("id"), drawn=ZERO, **_bound("status", "code", "reason"))
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
FILL_BY_TRADE = Statement(
    select(fills.c.order_id, fills.c.quantity, fills.c.price).where(
        *(
            fills.c[name] == bindparam(name)
            for name in ("account_id", "symbol", "exchange_trade_id", "side")
        )
    )
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
    """Insert as `sending`, claimed by the caller alone.

    None when it was asked for before, or its account is held.
    """
    stamp = {"sign_timestamp_ms": sign_timestamp_ms, "recv_window_ms": recv_window_ms}
    return _maybe(await PLAN_TO_SEND.row(driver, **new, **stamp))


async def plan_refused(driver: Driver, new: NewOrder, code: str) -> Order | None:
    """Insert as `rejected`, never to be sent; its reason says why."""
    return _maybe(await PLAN_REFUSED.row(driver, **new, code=code))


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
    live: bool = False,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Order]:
    """Newest first, at most `limit`, older than `before_id`; `live`: that have not ended."""
    query = select(*ROW).where(orders.c.user_id == user_id).order_by(orders.c.id.desc())
    for column, wanted in (("bot_id", bot_id), ("status", status), ("symbol", symbol)):
        if wanted is not None:
            query = query.where(orders.c[column] == wanted)
    if live:
        query = query.where(IS_LIVE)
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
    """From planned to sending, for exactly one caller; None for everybody else.

    And for everybody while the account is held.
    """
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


async def look_soon(driver: Driver, order_id: int) -> None:
    """The answer came and was none: no need to wait for it any longer."""
    await LOOK_SOON.run(driver, id=order_id)


async def end(driver: Driver, order_id: int, status: OrderStatus, code: str, reason: str) -> Order:
    row = await END.row(driver, id=order_id, status=status, code=code, reason=reason)
    assert row is not None
    return order_of(row)


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


async def fill_by_trade(driver: Driver, order: Order, trade: Trade) -> Row | None:
    """The fill this trade was counted as: its order, quantity and price.

    Where an account traded with itself, its two orders share the id: the side tells them apart.
    """
    return await FILL_BY_TRADE.row(
        driver,
        account_id=order.account_id,
        symbol=order.symbol,
        exchange_trade_id=trade.trade_id,
        side=trade.side,
    )


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
