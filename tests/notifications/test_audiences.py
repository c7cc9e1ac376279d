"""Settings kept for a moment: never older than that, and gone when they change."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from tests.notifications.test_courier import HOOK, put
from tradingbot.adapters.redis_cache import RedisCache
from tradingbot.kit.database import Database
from tradingbot.notifications.audiences import KEPT_SECONDS, Audiences


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[RedisCache]:
    cache = RedisCache(redis_url)
    yield cache
    await cache.close()


async def test_what_is_kept_is_what_was_chosen(
    database: Database, user_id: int, cache: RedisCache, redis_url: str
) -> None:
    await put(database, user_id, **HOOK, language="ru", quiet_from="22:00", quiet_until="07:00")
    audiences = Audiences(database, cache)
    first = await audiences.of(user_id)
    async with database.begin() as connection:
        await connection.execute(text("UPDATE notification_settings SET language = 'en'"))
    assert await audiences.of(user_id) == first
    async with Redis.from_url(redis_url) as redis:
        assert 0 < await redis.ttl(f"cache:audience:{user_id}") <= KEPT_SECONDS
    await audiences.changed(user_id)
    after = await audiences.of(user_id)
    assert after is not None
    assert (after.settings.language, after.settings.webhook_url) == ("en", HOOK["webhook_url"])


async def test_nobody_is_nobody_and_nonsense_is_looked_up_again(
    database: Database, user_id: int, cache: RedisCache
) -> None:
    audiences = Audiences(database, cache)
    assert await audiences.of(999) is None
    await cache.put(f"audience:{user_id}", '{"of": "another version"}', 10)
    found = await audiences.of(user_id)
    assert found is not None
    assert found.is_active


async def test_without_redis_it_asks_each_time(database: Database, user_id: int) -> None:
    away = RedisCache("redis://127.0.0.1:1/0")
    audiences = Audiences(database, away)
    for language in ("en", "ru"):
        await put(database, user_id, language=language)
        found = await audiences.of(user_id)
        assert found is not None
        assert found.settings.language == language
    await audiences.changed(user_id)
    await away.close()
