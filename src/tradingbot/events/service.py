"""Use cases: note that something happened, read what did."""

from collections.abc import Mapping
from typing import Any

from tradingbot.events import repository
from tradingbot.events.schemas import EventType, EventView
from tradingbot.kit.database import Connection
from tradingbot.kit.pagination import LIMIT_DEFAULT, Page, decode, page
from tradingbot.kit.plain import dumps
from tradingbot.kit.statement import Driver

NOTIFICATION_QUEUE = "notification_queue"
TOLD = frozenset(map(str, EventType))


async def record(
    connection: Connection | Driver,
    *,
    user_id: int,
    type: str,  # noqa: A002  # its name in the table and in every item
    message: str,
    data: Mapping[str, Any],
    bot_id: int | None = None,
    order_id: int | None = None,
) -> int:
    """Keep the event, and tell its owner, if this transaction commits; the event's id.

    A type that is no EventType is kept and not told.
    """
    values: dict[str, object] = {
        "user_id": user_id,
        "bot_id": bot_id,
        "order_id": order_id,
        "type": str(type),
        "message": message,
        "data": dumps(data),
    }
    if values["type"] in TOLD:
        return await repository.add_and_post(connection, values, NOTIFICATION_QUEUE)
    return await repository.add(connection, values)


async def of_bot(
    connection: Connection,
    user_id: int,
    bot_id: int,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[EventView]:
    """What happened to the bot, newest first. Raise CursorInvalid."""
    rows = await repository.of_bot(connection, user_id, bot_id, decode(cursor), limit + 1)
    return page([EventView.model_validate(row) for row in rows], limit, lambda event: event.id)


async def of_user(
    connection: Connection, user_id: int, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[EventView]:
    """What happened to the user's bots and orders, newest first. Raise CursorInvalid."""
    rows = await repository.of_user(connection, user_id, decode(cursor), limit + 1)
    return page([EventView.model_validate(row) for row in rows], limit, lambda event: event.id)
