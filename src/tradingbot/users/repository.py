"""Every query on users, their refresh tokens and what they did."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from tradingbot.kit.database import Connection
from tradingbot.kit.plain import dumps
from tradingbot.kit.statement import Driver, Statement
from tradingbot.users.models import refresh_tokens, users


@dataclass(frozen=True, slots=True)
class User:
    id: int
    email: str
    is_active: bool
    created_at: datetime


ROW = tuple(users.c[field.name] for field in fields(User))
CALLER = Statement(select(*ROW).where(users.c.id == bindparam("id")))
AUDIT = Statement(
    text("""
        INSERT INTO audit_log (user_id, action, subject, data)
        VALUES (CAST(:user_id AS bigint), :action, :subject, CAST(:data AS jsonb))
        RETURNING id
    """)
)


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user as signing in sees one."""

    id: int
    password_hash: str
    is_active: bool


async def add(connection: Connection, email: str, password_hash: str) -> User | None:
    """None when the e-mail is taken."""
    row = await connection.execute(
        upsert(users)
        .values(email=email, password_hash=password_hash)
        .on_conflict_do_nothing(index_elements=[func.lower(users.c.email)])
        .returning(*ROW)
    )
    return _user(row.one_or_none())


async def by_id(connection: Connection, user_id: int) -> User | None:
    return _user(
        (await connection.execute(select(*ROW).where(users.c.id == user_id))).one_or_none()
    )


async def caller(driver: Driver, user_id: int) -> User | None:
    """As `by_id`, asked with every request."""
    row = await CALLER.row(driver, id=user_id)
    return None if row is None else User(**dict(row.items()))


async def by_email(connection: Connection, email: str) -> KnownUser | None:
    query = select(users.c.id, users.c.password_hash, users.c.is_active)
    row = (await connection.execute(query.where(func.lower(users.c.email) == email))).one_or_none()
    return None if row is None else KnownUser(*row)


async def everyone(connection: Connection) -> Sequence[User]:
    rows = await connection.execute(select(*ROW).order_by(users.c.id))
    return [User(*row) for row in rows]


async def set_active(connection: Connection, email: str, *, active: bool) -> User | None:
    row = await connection.execute(
        update(users)
        .where(func.lower(users.c.email) == email)
        .values(is_active=active)
        .returning(*ROW)
    )
    return _user(row.one_or_none())


async def add_refresh_token(
    connection: Connection, user_id: int, family: str, token_hash: str, expires_at: datetime
) -> None:
    """Keep a new one, and forget those of this user that have expired."""
    await connection.execute(
        delete(refresh_tokens).where(
            refresh_tokens.c.user_id == user_id, refresh_tokens.c.expires_at < func.now()
        )
    )
    await connection.execute(
        insert(refresh_tokens).values(
            user_id=user_id, family=family, token_hash=token_hash, expires_at=expires_at
        )
    )


async def use_refresh_token(
    connection: Connection, token_hash: str, now: datetime
) -> tuple[int, str] | None:
    """Its user and family, for exactly one caller; None when used, expired or unknown."""
    row = await connection.execute(
        update(refresh_tokens)
        .where(
            refresh_tokens.c.token_hash == token_hash,
            refresh_tokens.c.used_at.is_(None),
            refresh_tokens.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(refresh_tokens.c.user_id, refresh_tokens.c.family)
    )
    found = row.one_or_none()
    return None if found is None else (found.user_id, found.family)


async def end_family_of(connection: Connection, token_hash: str) -> bool:
    """Forget this token and all made from it or before it. False when it is not known."""
    family = select(refresh_tokens.c.family).where(refresh_tokens.c.token_hash == token_hash)
    ended = await connection.execute(
        delete(refresh_tokens).where(refresh_tokens.c.family == family.scalar_subquery())
    )
    return bool(ended.rowcount)


async def end_all_families(connection: Connection, user_id: int) -> None:
    await connection.execute(delete(refresh_tokens).where(refresh_tokens.c.user_id == user_id))


async def audit(
    connection: Connection | Driver,
    user_id: int | None,
    action: str,
    subject: str,
    **data: object,
) -> None:
    """Note who did what, in the transaction that does it. `data` never holds a secret."""
    values = {"user_id": user_id, "action": action, "subject": subject, "data": dumps(data)}
    await AUDIT.number(connection, **values)


def _user(row: Row[*tuple[Any, ...]] | None) -> User | None:
    return None if row is None else User(*row)
