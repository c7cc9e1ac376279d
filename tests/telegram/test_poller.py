"""Who asks Telegram, and who no longer may: what it forgets has been kept here before."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.kit.waiting import until
from tests.telegram.doorway import BOT_NAME, Doorway
from tests.telegram.phone import Phone
from tradingbot.adapters.redis_doorbell import RedisDoorbell
from tradingbot.adapters.telegram_line import TelegramLine
from tradingbot.kit.database import Database
from tradingbot.kit.lease import leave, show_alive
from tradingbot.telegram import repository
from tradingbot.telegram.poller import Poller

HOLD = timedelta(minutes=1)


@pytest.fixture
async def poller(database: Database, line: TelegramLine, redis_url: str) -> AsyncIterator[Poller]:
    async with database.begin() as connection:
        await repository.put_bot(connection, line.bot_id, BOT_NAME)
    for worker in ("one", "two"):
        async with database.asking() as driver:
            await show_alive(driver, worker, "telegram-bot")
    doorbell = RedisDoorbell(redis_url)
    yield Poller(database, line, doorbell, "one", None)
    await doorbell.close()


async def test_who_was_replaced_while_it_asked_has_telegram_forget_nothing(
    poller: Poller, database: Database, line: TelegramLine, doorway: Doorway
) -> None:
    stopped = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(poller.run(stopped))
        await until(lambda: "getUpdates" in doorway.asked)
        async with database.asking() as driver:
            await leave(driver, "one")
        async with database.begin() as connection:
            assert await repository.take_polling(connection, line.bot_id, "two") == 2
        await Phone(doorway).say("/status")
        await asyncio.sleep(1)
        assert doorway.asked.count("getUpdates") == 1
        stopped.set()
    (kept,) = await line.updates(None, 1)
    assert kept["message"]["text"] == "/status"
    async with database.begin() as connection:
        assert await repository.claim_update(connection, line.bot_id, "two", (), HOLD) is None
