"""Every query on bots as their owners see them, always for one owner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias

from orjson import Fragment
from sqlalchemy import (
    Row,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    select,
    update,
)

from tradingbot.bots.models import bots
from tradingbot.exchanges.models import exchange_accounts
from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver, Statement
from tradingbot.orders.models import fills, orders
from tradingbot.orders.ports import Account
from tradingbot.trading.order import LIVE, OrderStatus, Side
from tradingbot.trading.position import Fill
from tradingbot.users.models import users

LIVE_VALUES = sorted(LIVE)
RESTING = ("stopped", "error")


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot as its owner sees it: the fields of BotView."""

    id: int
    name: str
    exchange: str
    account_id: int
    api_key_hint: str
    strategy: str
    symbol: str
    params: dict[str, Any]
    mode: str
    wanted: str
    status: str
    status_reason: str
    on_stop: str
    started_at: datetime | None
    created_at: datetime
    updated_at: datetime


# A trade's place in its market: the exchange's own count where it counts, else its time.
TradeKey: TypeAlias = tuple[int, str]


def _column(name: str) -> Any:  # because each column has a type of its own
    return exchange_accounts.c[name] if name == "api_key_hint" else bots.c[name]


ROW = tuple(_column(field.name) for field in fields(Bot))
PARAMS = bots.c.params
BOTS = select(*ROW).join_from(bots, exchange_accounts)
# Built once: on this road the building would cost more than the question. The owner's row comes
# even when no bot does; without it, nobody active is asking.
PAGE_FOR_ACTIVE = Statement(
    select(*(each if each is not PARAMS else cast(PARAMS, Text).label("params") for each in ROW))
    .select_from(
        users.outerjoin(
            bots.join(exchange_accounts, bots.c.account_id == exchange_accounts.c.id),
            and_(
                bots.c.user_id == users.c.id,
                bots.c.deleted_at.is_(None),
                bots.c.id < bindparam("before"),
            ),
        )
    )
    .where(users.c.id == bindparam("user_id"), users.c.is_active)
    .order_by(bots.c.id.desc())
    .limit(bindparam("count"))
)
ACCOUNT = (
    select(bots.c.account_id, bots.c.uid, bots.c.status, exchange_accounts.c.held_reason)
    .join_from(bots, exchange_accounts)
    .where(
        bots.c.user_id == bindparam("user_id"),
        bots.c.id == bindparam("id"),
        bots.c.deleted_at.is_(None),
    )
)
FIND_ACCOUNT = Statement(ACCOUNT)
LOCK_ACCOUNT = Statement(ACCOUNT.with_for_update(of=bots, key_share=True))


async def page_for_active(
    driver: Driver, user_id: int, before: int, limit: int
) -> Sequence[Mapping[str, Any]] | None:
    """The newest first, as JSON shows them; None when the user is not active.

    One round trip, and past SQLAlchemy's result layers and our own, which cost more than the
    driver; parameters are passed on as PostgreSQL wrote them.
    """
    rows = await PAGE_FOR_ACTIVE.rows(driver, user_id=user_id, before=before, count=limit)
    if not rows:
        return None
    return [{**row, "params": Fragment(row["params"])} for row in rows if row["id"] is not None]


async def owned(connection: Connection, user_id: int, bot_id: int) -> Bot | None:
    return _bot((await connection.execute(_owned(user_id, bot_id))).one_or_none())


async def lock(connection: Connection, user_id: int, bot_id: int) -> Bot | None:
    query = _owned(user_id, bot_id).with_for_update(of=bots, key_share=True)
    return _bot((await connection.execute(query)).one_or_none())


async def add(connection: Connection, **values: object) -> int:
    added = await connection.execute(insert(bots).values(**values).returning(bots.c.id))
    return int(added.scalar_one())


async def change(connection: Connection, bot_id: int, **values: object) -> None:
    await connection.execute(
        update(bots).where(bots.c.id == bot_id).values(updated_at=func.now(), **values)
    )


async def remove(connection: Connection, bot_id: int) -> None:
    await change(connection, bot_id, deleted_at=func.now())


async def uses_account(connection: Connection, account_id: int) -> bool:
    used = exists().where(bots.c.account_id == account_id, bots.c.deleted_at.is_(None))
    return bool((await connection.execute(select(used))).scalar())


async def find_account(
    driver: Driver, user_id: int, bot_id: int, *, lock: bool = False
) -> Account | None:
    """Whose account a manual order of this bot trades on: the orders' FindAccount."""
    statement = LOCK_ACCOUNT if lock else FIND_ACCOUNT
    row = await statement.row(driver, user_id=user_id, id=bot_id)
    if row is None:
        return None
    return Account(
        row["account_id"], row["uid"], row["held_reason"], resting=row["status"] in RESTING
    )


async def names(connection: Connection, bot_ids: Sequence[int]) -> Mapping[int, str]:
    """What bots are called, deleted ones too: the ledger's Names."""
    query = select(bots.c.id, bots.c.name).where(bots.c.id.in_(bot_ids))
    return {row.id: row.name for row in await connection.execute(query)}


async def state_of(connection: Connection, bot_id: int) -> str | None:
    """The strategy's own, as its JSON text; None before it first began."""
    query = select(bots.c.state).where(bots.c.id == bot_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def live_orders(connection: Connection, bot_id: int) -> int:
    query = select(func.count()).where(orders.c.bot_id == bot_id, orders.c.status.in_(LIVE_VALUES))
    return int((await connection.execute(query)).scalar_one())


async def sales_filled(connection: Connection, bot_id: int) -> int:
    query = select(func.count()).where(
        orders.c.bot_id == bot_id,
        orders.c.side == Side.SELL,
        orders.c.status == OrderStatus.FILLED,
        orders.c.origin == "bot",
    )
    return int((await connection.execute(query)).scalar_one())


def _owned(user_id: int, bot_id: int) -> Select[Any]:
    return BOTS.where(bots.c.user_id == user_id, bots.c.id == bot_id, bots.c.deleted_at.is_(None))


def _bot(row: Row[*tuple[Any, ...]] | None) -> Bot | None:
    return None if row is None else Bot(*row)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many fills a bot has on one market, and the newest of them."""

    bot_id: int
    symbol: str
    count: int
    last_id: int


async def tallies(
    connection: Connection, user_id: int, bot_id: int | None = None
) -> Sequence[Tally]:
    """Of the user's bots, deleted ones too: what they earned stays earned."""
    mine = bots.c.user_id == user_id
    query = (
        select(fills.c.bot_id, fills.c.symbol, func.count(), func.max(fills.c.id))
        .join_from(bots, fills, fills.c.bot_id == bots.c.id)
        .where(mine if bot_id is None else and_(mine, bots.c.id == bot_id))
        .group_by(fills.c.bot_id, fills.c.symbol)
    )
    return [Tally(*row) for row in await connection.execute(query)]


async def fills_between(
    connection: Connection, tally: Tally, after_id: int
) -> Sequence[tuple[TradeKey, Fill]]:
    """Those after one and up to the tally's last, in the order they were traded."""
    query = select(
        fills.c.traded_at,
        fills.c.exchange_trade_id,
        fills.c.side,
        fills.c.price,
        fills.c.quantity,
        fills.c.fee,
        fills.c.fee_currency,
    ).where(
        fills.c.bot_id == tally.bot_id,
        fills.c.symbol == tally.symbol,
        fills.c.id > after_id,
        fills.c.id <= tally.last_id,
    )
    told = [
        (_trade_key(row[0], row[1]), Fill(Side(row[2]), row[3], row[4], row[5], row[6]))
        for row in await connection.execute(query)
    ]
    return sorted(told, key=itemgetter(0))


def _trade_key(traded_at: datetime, trade_id: str) -> TradeKey:
    if trade_id.isdecimal():
        return int(trade_id), ""
    return int(traded_at.timestamp() * 1_000_000), trade_id


async def by_status(connection: Connection, user_id: int) -> dict[str, int]:
    query = (
        select(bots.c.status, func.count())
        .where(bots.c.user_id == user_id, bots.c.deleted_at.is_(None))
        .group_by(bots.c.status)
    )
    return {row[0]: row[1] for row in await connection.execute(query)}


async def count_orders(connection: Connection, user_id: int) -> tuple[int, int]:
    """All of the user's orders, and those still live."""
    live = func.count().filter(orders.c.status.in_(LIVE_VALUES))
    query = select(func.count(), live).where(orders.c.user_id == user_id)
    row = (await connection.execute(query)).one()
    return int(row[0]), int(row[1])
