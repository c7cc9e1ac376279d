"""Every query on the letters that ask whose an address is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tradingbot.kit.database import Connection
from tradingbot.notifications.models import email_verifications, notification_settings

TABLE = email_verifications


@dataclass(frozen=True, slots=True)
class Asked:
    """One letter's row."""

    id: int
    user_id: int
    address: str
    attempts: int
    wrong_codes: int
    created_at: datetime


FIELDS = tuple(TABLE.c[name] for name in Asked.__dataclass_fields__)


async def asked_since(
    connection: Connection, user_id: int, address: str, past: timedelta
) -> list[float]:
    """How many seconds ago each letter was asked for, by this user or to this address."""
    query = (
        select(func.extract("epoch", func.now() - TABLE.c.created_at))
        .where(or_(TABLE.c.user_id == user_id, TABLE.c.address == address))
        .where(TABLE.c.created_at > func.now() - past)
        .order_by(TABLE.c.id)
    )
    return [float(age) for age in (await connection.execute(query)).scalars()]


async def add(connection: Connection, user_id: int, address: str, life: timedelta) -> None:
    values = {"user_id": user_id, "address": address, "expires_at": func.now() + life}
    await connection.execute(insert(TABLE).values(values))


async def latest(connection: Connection, user_id: int, address: str) -> Asked | None:
    """The newest that is not over, locked."""
    mine = _living().where(TABLE.c.user_id == user_id, TABLE.c.address == address)
    query = mine.order_by(TABLE.c.id.desc()).limit(1).with_for_update()
    return _asked((await connection.execute(query)).one_or_none())


async def by_id(connection: Connection, asked_id: int) -> Asked | None:
    """None when it is over."""
    query = _living().where(TABLE.c.id == asked_id)
    return _asked((await connection.execute(query)).one_or_none())


async def count_wrong(connection: Connection, asked_id: int) -> None:
    await _change(connection, asked_id, wrong_codes=TABLE.c.wrong_codes + 1)


async def claim(connection: Connection, hold: timedelta) -> Asked | None:
    """One that waits to be sent; ours until the hold is over."""
    waiting = (
        select(TABLE.c.id)
        .where(TABLE.c.sent_at.is_(None), TABLE.c.error.is_(None))
        .where(TABLE.c.expires_at > func.now(), TABLE.c.next_attempt_at <= func.now())
        .order_by(TABLE.c.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    mine = (
        update(TABLE)
        .where(TABLE.c.id == waiting.scalar_subquery())
        .values(next_attempt_at=func.now() + hold, attempts=TABLE.c.attempts + 1)
        .returning(*FIELDS)
    )
    return _asked((await connection.execute(mine)).one_or_none())


async def mark_sent(connection: Connection, asked_id: int) -> None:
    await _change(connection, asked_id, sent_at=func.now())


async def put_off(connection: Connection, asked_id: int, pause: timedelta) -> None:
    await _change(connection, asked_id, next_attempt_at=func.now() + pause)


async def give_up(connection: Connection, asked_id: int, error: str) -> None:
    await _change(connection, asked_id, error=error)


async def confirm(connection: Connection, user_id: int, address: str) -> bool:
    """Whether it is still the user's address; then it is proven now."""
    table = notification_settings
    done = await connection.execute(
        update(table)
        .where(table.c.user_id == user_id, table.c.email_address == address)
        .values(email_verified_at=func.now(), notes=table.c.notes.op("-")("email"))
    )
    return bool(done.rowcount)


def _living() -> Select[Any]:
    return select(*FIELDS).where(TABLE.c.expires_at > func.now())


def _asked(row: Row[*tuple[Any, ...]] | None) -> Asked | None:
    return None if row is None else Asked(*row)


async def _change(connection: Connection, asked_id: int, **values: object) -> None:
    await connection.execute(update(TABLE).where(TABLE.c.id == asked_id).values(**values))
