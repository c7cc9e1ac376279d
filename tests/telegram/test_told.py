"""Every kind of event in both languages on a phone; and each told once, whatever Telegram says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import insert

from tests.kit.waiting import until
from tests.notifications.conftest import a_user
from tests.telegram.doorway import Doorway
from tests.telegram.phone import Phone
from tradingbot.adapters.redis_pace import RedisPace
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.adapters.telegram_line import TelegramLine
from tradingbot.adapters.telegram_sender import TelegramSender
from tradingbot.events.schemas import EventType
from tradingbot.kit.database import Database
from tradingbot.notifications import service
from tradingbot.notifications.courier import Courier
from tradingbot.notifications.messages import tell
from tradingbot.notifications.router import Router
from tradingbot.notifications.schemas import NotificationSettings
from tradingbot.telegram import turns
from tradingbot.telegram.models import telegram_chats
from tradingbot.telegram.turns import Turns

FACTS = {
    "bot": "My <b>grid</b>",
    "strategy": "grid",
    "symbol": "BTC/USDT",
    "exchange": "binance",
    "mode": "paper",
    "side": "buy",
    "quantity": "0.001",
    "filled_quantity": "0.001",
    "price": "60000",
    "average_price": "59999.5",
    "fee": "0.06",
    "fee_currency": "USDT",
    "profit": "12.5",
    "fills": 3,
    "account": "Main",
    "reason": "the price left the range",
}


@asynccontextmanager
async def couriers(
    database: Database, line: TelegramLine, redis_url: str, count: int
) -> AsyncIterator[None]:
    """As many processes would: each with a pace of its own on the one Redis."""

    async def moved(old: int, new: int) -> None:
        raise AssertionError((old, new))

    stopped, paces = asyncio.Event(), [RedisPace(redis_url) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        for pace in paces:
            sender = TelegramSender(line, Turns(pace, line.bot_id), moved)
            group.create_task(Courier(database, sender, sweep_seconds=0.05).run(stopped))
        try:
            yield
        finally:
            stopped.set()
    for pace in paces:
        await pace.close()


@pytest.fixture
async def router(database: Database, redis_url: str) -> AsyncIterator[Router]:
    queue = RedisQueue(redis_url, "notifier-1")
    yield Router(database, queue, ["telegram"])
    await queue.close()


async def somebody(database: Database, number: int, language: str = "en") -> int:
    """A user with a chat of this number."""
    user_id = await a_user(database, f"user{number}@example.com")
    chosen = {"telegram_enabled": True, "telegram_chat_id": number, "language": language}
    chat = {"id": number, "user_id": user_id, "kind": "private", "name": "-", "role": "operator"}
    async with database.begin() as connection:
        settings = NotificationSettings.model_validate({**chosen, "max_per_minute": 600})
        await service.put_settings(connection, user_id, settings)
        await connection.execute(insert(telegram_chats).values(chat))
    return user_id


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_every_kind_of_event_is_told(
    database: Database,
    router: Router,
    doorway: Doorway,
    line: TelegramLine,
    redis_url: str,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "SECONDS_CHAT", 0.02)
    user_id, phone = await somebody(database, 1001, language), Phone(doorway)
    async with couriers(database, line, redis_url, 1):
        for kind in EventType:
            item = {"id": f"e:{kind}", "user_id": user_id, "event_type": kind, "data": FACTS}
            await router.handle(item)
            read = await phone.reads()
            telling = tell(kind, FACTS, language)
            assert read.text.startswith(f"<b>{telling.title}</b>\n"), read
            assert "<b>grid</b>" not in read.text
            assert "&lt;b&gt;grid" in read.text or "My <b>grid" not in str(telling.facts)


async def test_with_429_and_500_at_random_each_is_told_once_and_no_limit_is_passed(
    database: Database,
    router: Router,
    doorway: Doorway,
    line: TelegramLine,
    redis_url: str,
) -> None:
    doorway.faults = 0.2
    people = [await somebody(database, number) for number in range(1, 81)]
    for user_id in people:
        item = {"id": f"e:{user_id}", "user_id": user_id, "event_type": "bot_error", "data": {}}
        await router.handle(item)
    async with couriers(database, line, redis_url, 3):
        await until(lambda: len(doorway.written) >= len(people), 60)
        await asyncio.sleep(0.5)
    assert doorway.refused > 0
    assert sorted(each.chat_id for each in doorway.written) == list(range(1, 81))
    assert doorway.violations == []
