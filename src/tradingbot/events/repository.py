"""Every query on what happened; what a user asks for always starts from the user."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, select, text

from tradingbot.events.models import events
from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver, Statement

# What is pushed for an event; the same again when a sweep finds that nobody heard of it.
_ITEM = """
    jsonb_build_object(
        'id', 'event:' || id,
        'user_id', user_id,
        'event_type', type,
        'data', data || jsonb_build_object(
            'message', message,
            'bot_id', bot_id,
            'order_id', order_id,
            'at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        )
    )
"""
_INSERT = """
INSERT INTO events (user_id, bot_id, order_id, type, message, data)
VALUES (:user_id, CAST(:bot_id AS bigint), CAST(:order_id AS bigint), :type, :message,
        CAST(:data AS jsonb))
RETURNING *
"""
_ADD = Statement(text(_INSERT.replace("*", "id")))
_ADD_AND_POST_SQL = f"""
WITH happened AS ({_INSERT}), told AS (
    INSERT INTO outbox (queue, body)
    SELECT CAST(:queue AS text), CAST({_ITEM} AS text)
    FROM happened
)
SELECT id FROM happened
"""  # noqa: S608  # because the parts are constants above
_ADD_AND_POST = Statement(text(_ADD_AND_POST_SQL))
_LATEST = text(
    "SELECT coalesce(max(id), 0) FROM events WHERE created_at < now() - CAST(:age AS interval)"
)
_SINCE = text(f"""
SELECT {_ITEM} AS item FROM events
WHERE id > :after AND id <= :upto AND type = ANY(:types)
  AND created_at > now() - CAST(:age AS interval)
ORDER BY id
""")  # noqa: S608  # because the part is a constant above


async def add(on: Connection | Driver, values: dict[str, object]) -> int:
    return await _ADD.number(on, **values)


async def add_and_post(on: Connection | Driver, values: dict[str, object], queue: str) -> int:
    """The event and the message about it in one round trip: a fill waits for this."""
    return await _ADD_AND_POST.number(on, **values, queue=queue)


async def latest(connection: Connection, age: timedelta) -> int:
    """The newest event at least that old; 0 when there is none."""
    return int((await connection.execute(_LATEST, {"age": age})).scalar_one())


async def items(
    connection: Connection, after: int, upto: int, types: Sequence[str], age: timedelta
) -> list[dict[str, Any]]:
    """What was pushed for the events between two ids and not older than `age`, oldest first."""
    values = {"after": after, "upto": upto, "types": list(types), "age": age}
    return list((await connection.execute(_SINCE, values)).scalars())


async def of_bot(
    connection: Connection, user_id: int, bot_id: int, before: int, limit: int
) -> Sequence[Row[tuple[object, ...]]]:
    query = select(events).where(
        events.c.user_id == user_id, events.c.bot_id == bot_id, events.c.id < before
    )
    return (await connection.execute(query.order_by(events.c.id.desc()).limit(limit))).all()


async def of_user(
    connection: Connection, user_id: int, before: int, limit: int
) -> Sequence[Row[tuple[object, ...]]]:
    query = select(events).where(events.c.user_id == user_id, events.c.id < before)
    return (await connection.execute(query.order_by(events.c.id.desc()).limit(limit))).all()
