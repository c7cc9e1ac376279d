"""Every test has its own, empty database and queues."""

import asyncpg
import pytest
from redis.asyncio import Redis


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_test_never_sees_the_rows_of_another(database_url: str, turn: int) -> None:
    connection = await asyncpg.connect(database_url)
    tables = await connection.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'mine'")
    await connection.execute("CREATE TABLE mine (turn integer)")
    await connection.close()
    assert tables == 0, turn


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_test_never_sees_the_items_of_another(redis_url: str, turn: int) -> None:
    async with Redis.from_url(redis_url) as redis:
        left = await redis.dbsize()
        await redis.lpush("mine", turn)
    assert left == 0
