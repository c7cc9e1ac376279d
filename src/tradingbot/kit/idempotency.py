"""A request repeated with its key is answered from memory: it takes effect once."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Table,
    Text,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from tradingbot.kit.database import Connection, Moment, metadata
from tradingbot.kit.errors import Conflict

KEPT = timedelta(days=1)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request_hash", Text, nullable=False),
    # Absent only inside the transaction that is having the effect.
    Column("answer", Text),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)


class KeyReused(Conflict):
    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Once:
    """The key a client gave its request, and a keyed hash of what it asked for."""

    user_id: int
    key: str
    request_hash: str


async def recall(connection: Connection, once: Once) -> str | None:
    """The answer given before; None the first time. Raises KeyReused for another request."""
    query = select(idempotency_keys.c.request_hash, idempotency_keys.c.answer).where(_is(once))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    if row.request_hash != once.request_hash:
        raise KeyReused("this Idempotency-Key came with another request before")
    return str(row.answer)


async def claim(connection: Connection, once: Once) -> str | None:
    """None: the effect is ours to have, in this transaction. Otherwise as `recall`.

    The same request at the same moment waits here until the first has committed or failed.
    """
    await connection.execute(
        delete(idempotency_keys).where(
            idempotency_keys.c.user_id == once.user_id,
            idempotency_keys.c.created_at < func.now() - KEPT,
        )
    )
    inserted = await connection.execute(
        insert(idempotency_keys)
        .values(user_id=once.user_id, key=once.key, request_hash=once.request_hash)
        .on_conflict_do_nothing()
        .returning(idempotency_keys.c.key)
    )
    return None if inserted.one_or_none() is not None else await recall(connection, once)


async def keep(connection: Connection, once: Once, answer: str) -> None:
    await connection.execute(update(idempotency_keys).where(_is(once)).values(answer=answer))


def _is(once: Once) -> ColumnElement[bool]:
    table = idempotency_keys.c
    return (table.user_id == once.user_id) & (table.key == once.key)
