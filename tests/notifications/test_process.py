"""The notifier as it runs: told to stop, it finishes and ends well."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from redis.asyncio import Redis

from tests.kit.waiting import until
from tests.notifications.conftest import a_user
from tradingbot.kit.database import Database
from tradingbot.local.readiness import is_ready


async def test_it_says_when_it_is_ready_tells_and_ends_with_0(
    database: Database, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    user_id = await a_user(database, "anna@example.com")
    settings = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": "k" * 32,
        "DATA_DIR": str(tmp_path),
        "LOG_FORMAT": "json",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradingbot", "notifier"),
        env=os.environ | settings,  # noqa: TID251  # a child needs the rest of it, PATH above all
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        await until(lambda: is_ready(tmp_path, "notifier", process.pid), seconds=30)
        item = {"user_id": user_id, "event_type": "bot_error", "data": {"bot": "Сетка"}}
        async with Redis.from_url(redis_url) as redis:
            await redis.lpush("notification_queue", "{", json.dumps(item))
        said: list[dict[str, object]] = []
        async with asyncio.timeout(30):
            while not said or said[-1]["event"] != "Bot in trouble: Сетка":
                said.append(json.loads(await process.stderr.readline()))
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert said[-1]["user_id"] == user_id
    assert said[-1]["process"] == "notifier"
    async with Redis.from_url(redis_url) as redis:
        assert await redis.llen("notification_queue:dead") == 1
