"""Every query of the daily summary: who gets one, and what their bots traded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import any_, exists, func, literal, or_, select

from tradingbot.bots.models import bots
from tradingbot.events.schemas import EventType
from tradingbot.kit.database import Connection
from tradingbot.notifications.models import notification_settings
from tradingbot.orders.models import LIVE_STATUSES, fills, orders
from tradingbot.trading.order import Side
from tradingbot.trading.position import Fill
from tradingbot.users.models import users

LIVE = [status.strip("' ") for status in LIVE_STATUSES.strip("()").split(",")]


@dataclass(frozen=True, slots=True)
class Reader:
    user_id: int
    timezone: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Trade:
    bot_id: int
    symbol: str
    traded_at: datetime
    fill: Fill


async def readers(connection: Connection) -> Sequence[Reader]:
    """Active users with a bot who want a summary."""
    table = notification_settings.c
    has_bot = exists().where(bots.c.user_id == users.c.id, bots.c.deleted_at.is_(None))
    query = (
        select(users.c.id, func.coalesce(table.timezone, "UTC"), users.c.created_at)
        .select_from(users.outerjoin(notification_settings))
        .where(users.c.is_active, has_bot)
        .where(
            or_(
                table.user_id.is_(None),
                literal(str(EventType.DAILY_SUMMARY)) == any_(table.enabled_events),
            )
        )
        .order_by(users.c.id)
    )
    return [Reader(*row) for row in await connection.execute(query)]


async def trades(connection: Connection, user_id: int, until: datetime) -> Sequence[Trade]:
    """All of them up to then: profit is made of every purchase before."""
    query = (
        select(
            fills.c.bot_id,
            fills.c.symbol,
            fills.c.traded_at,
            fills.c.side,
            fills.c.price,
            fills.c.quantity,
            fills.c.fee,
            fills.c.fee_currency,
        )
        .join_from(bots, fills, fills.c.bot_id == bots.c.id)
        .where(bots.c.user_id == user_id, fills.c.traded_at < until)
        .order_by(fills.c.traded_at, fills.c.id)
    )
    return [
        Trade(row[0], row[1], row[2], Fill(Side(row[3]), *row[4:]))
        for row in await connection.execute(query)
    ]


async def open_orders(connection: Connection, user_id: int) -> int:
    query = select(func.count()).where(orders.c.user_id == user_id, orders.c.status.in_(LIVE))
    return int((await connection.execute(query)).scalar_one())
