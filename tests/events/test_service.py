"""What happened is kept, and told to its owner, together or not at all."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select

from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.outbox import outbox
from tradingbot.kit.pagination import CursorInvalid
from tradingbot.users.models import users


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    database = Database(database_url)
    async with database.begin() as connection:
        yield connection
    await database.close()


@pytest.fixture
async def user_id(connection: Connection) -> int:
    return await a_user(connection, "a@example.com")


async def a_user(connection: Connection, email: str) -> int:
    values = {"email": email, "password_hash": "-"}
    new = await connection.execute(insert(users).values(values).returning(users.c.id))
    return int(new.scalar_one())


async def posted(connection: Connection) -> list[tuple[str, Any]]:
    rows = await connection.execute(select(outbox.c.queue, outbox.c.body).order_by(outbox.c.id))
    return [(queue, json.loads(body)) for queue, body in rows]


async def test_the_owner_is_told_in_the_agreed_form(connection: Connection, user_id: int) -> None:
    event_id = await events.record(
        connection,
        user_id=user_id,
        bot_id=7,
        order_id=8,
        type=EventType.ORDER_FILLED,
        message="Order filled: “buy” 0.1 BTC.",
        data={"price": Decimal("0.10000000000000000001"), "symbol": "BTC/USDT", "fee": None},
    )
    ((queue, item),) = await posted(connection)
    at = datetime.fromisoformat(item["data"].pop("at"))
    assert queue == "notification_queue"
    assert item == {
        "id": f"event:{event_id}",
        "user_id": user_id,
        "event_type": "order_filled",
        "data": {
            "price": "0.10000000000000000001",
            "symbol": "BTC/USDT",
            "fee": None,
            "message": "Order filled: “buy” 0.1 BTC.",
            "bot_id": 7,
            "order_id": 8,
        },
    }
    assert timedelta(0) < datetime.now(UTC) - at < timedelta(minutes=1)  # noqa: TID251  # against the server's


@pytest.mark.parametrize("kind", EventType)
async def test_every_type_is_told(connection: Connection, user_id: int, kind: EventType) -> None:
    await events.record(connection, user_id=user_id, type=kind, message="", data={})
    ((_, item),) = await posted(connection)
    assert item["event_type"] == kind
    assert item["data"]["bot_id"] is None


async def test_what_is_no_event_type_is_kept_and_not_told(
    connection: Connection, user_id: int
) -> None:
    await events.record(connection, user_id=user_id, type="bot_note", message="hm", data={})
    assert await posted(connection) == []
    assert [event.message for event in (await events.of_user(connection, user_id)).items] == ["hm"]


async def test_events_are_listed_newest_first_page_by_page(
    connection: Connection, user_id: int
) -> None:
    for number in range(5):
        await events.record(
            connection,
            user_id=user_id,
            bot_id=number % 2,
            type="bot_note",
            message=str(number),
            data={},
        )
    first = await events.of_user(connection, user_id, limit=3)
    second = await events.of_user(connection, user_id, cursor=first.next_cursor, limit=3)
    assert [event.message for event in first.items + second.items] == ["4", "3", "2", "1", "0"]
    assert second.next_cursor is None
    of_bot = await events.of_bot(connection, user_id, 1)
    assert [event.message for event in of_bot.items] == ["3", "1"]


async def test_nobody_sees_what_happened_to_another(connection: Connection, user_id: int) -> None:
    await events.record(connection, user_id=user_id, bot_id=1, type="x", message="", data={})
    stranger = await a_user(connection, "b@example.com")
    assert (await events.of_user(connection, stranger)).items == []
    assert (await events.of_bot(connection, stranger, 1)).items == []


async def test_a_wrong_cursor_is_refused(connection: Connection, user_id: int) -> None:
    with pytest.raises(CursorInvalid):
        await events.of_user(connection, user_id, cursor="x")
