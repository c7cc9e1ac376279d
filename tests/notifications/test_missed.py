from datetime import timedelta

from sqlalchemy import text

from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.kit.database import Database
from tradingbot.notifications.missed import MissedEvents
from tradingbot.notifications.repository import known_sources
from tradingbot.notifications.router import Router

NO_GRACE = timedelta(0)


async def happened(database: Database, user_id: int, *, seconds_ago: int = 60) -> int:
    async with database.begin() as connection:
        event_id = await events.record(
            connection, user_id=user_id, type=EventType.BOT_STARTED, message="it runs", data={}
        )
        await connection.execute(
            text("UPDATE events SET created_at = now() - CAST(:age AS interval) WHERE id = :id"),
            {"age": timedelta(seconds=seconds_ago), "id": event_id},
        )
        # The outbox was relayed, and then the queues forgot everything.
        await connection.execute(text("DELETE FROM outbox"))
    return event_id


async def sources(database: Database) -> list[str]:
    async with database.reading() as connection:
        query = text("SELECT source_id FROM notifications ORDER BY id")
        return list((await connection.execute(query)).scalars())


async def test_an_event_the_queues_forgot_is_told_from_its_row(
    database: Database, user_id: int, redis_url: str
) -> None:
    queue = RedisQueue(redis_url, "n1")
    event_id = await happened(database, user_id)
    missed = MissedEvents(database, Router(database, queue))

    assert await missed.sweep() == 1
    assert await sources(database) == [f"event:{event_id}"]
    assert await missed.sweep() == 0
    await queue.close()


async def test_an_event_that_was_heard_or_is_still_on_its_way_is_left_alone(
    database: Database, user_id: int, redis_url: str
) -> None:
    queue = RedisQueue(redis_url, "n1")
    router = Router(database, queue)
    heard = await happened(database, user_id)
    await router.handle(
        {"id": f"event:{heard}", "user_id": user_id, "event_type": "bot_started", "data": {}}
    )
    await happened(database, user_id, seconds_ago=1)

    assert await MissedEvents(database, router).sweep() == 0
    assert await sources(database) == [f"event:{heard}"]
    await queue.close()


async def test_what_is_a_day_old_is_no_news(
    database: Database, user_id: int, redis_url: str
) -> None:
    queue = RedisQueue(redis_url, "n1")
    await happened(database, user_id, seconds_ago=90_000)

    assert await MissedEvents(database, Router(database, queue), grace=NO_GRACE).sweep() == 0
    await queue.close()


async def test_a_day_of_more_events_than_a_statement_has_parameters_is_asked_about(
    database: Database,
) -> None:
    async with database.reading() as connection:
        ids = [f"event:{number}" for number in range(40_000)]
        assert await known_sources(connection, ids) == set()
