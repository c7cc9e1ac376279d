"""The Telegram process as it runs: told, asked, killed, and with a token that is wrong."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from tests.kit.waiting import until
from tests.telegram.doorway import TOKEN, Doorway
from tests.telegram.phone import Phone
from tradingbot.adapters.telegram_line import REFUSED
from tradingbot.kit.database import Database
from tradingbot.kit.errors import EXIT_HOPELESS
from tradingbot.kit.vault import Vault
from tradingbot.local.probe import says_ok
from tradingbot.local.servers import free_port
from tradingbot.notifications import service as notifications
from tradingbot.notifications.audiences import Audiences
from tradingbot.telegram.errors import TelegramOff
from tradingbot.telegram.schemas import LinkChat
from tradingbot.telegram.service import ChatDesk

# Each starts two or three processes, on a machine that may have others to run.
pytestmark = pytest.mark.timeout(300)
START_SECONDS = 90
SECRET = "k" * 40
FAILED = (
    "SELECT count(*) FROM deliveries WHERE channel = 'telegram' AND attempts > 0 "
    "AND held_until IS NULL"
)
ALIVE = "SELECT count(*) FROM workers WHERE kind = 'telegram-bot'"
ANN = "INSERT INTO users (email, password_hash) VALUES ('ann@example.com', '-') RETURNING id"


@pytest.fixture
def env(database_url: str, redis_url: str, doorway: Doorway, tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": SECRET,
        "DATA_DIR": str(tmp_path),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": doorway.url,
    }


@dataclass
class Running:
    process: Process
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()


@asynccontextmanager
async def running(env: Mapping[str, str], log: Path, name: str) -> AsyncIterator[Running]:
    with log.open("ab") as said:  # an empty file
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tradingbot", name),
            env=os.environ | dict(env),  # noqa: TID251  # a child needs the rest of it, PATH above all
            stderr=said,
        )
    started = Running(process, log)
    try:
        yield started
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(30):
                assert await process.wait() == 0, started.said
        assert "a-token-that" not in started.said


async def connected(database: Database, phone: Phone) -> int:
    """Whose chat this is."""
    async with database.begin() as connection:
        user_id = int((await connection.execute(text(ANN))).scalar_one())

    async def link() -> str | None:
        try:
            return (await chats(database).link(user_id, LinkChat())).command
        except TelegramOff:
            return None

    await until(link, START_SECONDS)
    assert "Connected" in (await phone.ask(str(await link()))).text
    return user_id


def chats(database: Database) -> ChatDesk:
    """As another process has it."""
    return ChatDesk(database, Vault(SECRET).fingerprints, Audiences(database))


async def push(redis_url: str, *items: Mapping[str, object]) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.lpush("notification_queue", *(json.dumps(item) for item in items))


def trouble(user_id: int, name: str) -> dict[str, object]:
    return {"user_id": user_id, "event_type": "bot_error", "data": {"bot": name}}


def polls(running: Running) -> bool:
    return "telegram_listens" in running.said


async def test_of_two_one_asks_telegram_and_when_it_is_killed_the_other_does(
    env: dict[str, str], database: Database, doorway: Doorway, redis_url: str, tmp_path: Path
) -> None:
    phone = Phone(doorway)
    async with (
        running(env, tmp_path / "notifier.log", "notifier"),
        running(env, tmp_path / "one.log", "telegram-bot") as one,
        running(env, tmp_path / "two.log", "telegram-bot") as two,
    ):
        user_id = await connected(database, phone)
        await until(lambda: polls(one) or polls(two), START_SECONDS)
        poller, other = (one, two) if polls(one) else (two, one)
        assert not polls(other)
        poller.process.kill()
        await poller.process.wait()
        phone.look_away()
        await phone.say("/status")
        await push(redis_url, *(trouble(user_id, f"No. {number}") for number in range(3)))
        wanted = ["At a glance", *(f"Bot: No. {number}" for number in range(3))]
        texts: list[str] = []
        while not all(any(each in text for text in texts) for each in wanted):
            texts.append((await phone.reads(60)).text)
        assert polls(other)
    for each in wanted:
        assert sum(each in text for text in texts) == 1
    assert doorway.violations == []


async def test_what_a_killed_one_was_answering_the_next_one_answers_soon(
    env: dict[str, str], database: Database, doorway: Doorway, tmp_path: Path
) -> None:
    phone = Phone(doorway)
    async with running(env, tmp_path / "one.log", "telegram-bot") as one:
        await connected(database, phone)
        doorway.mute = asyncio.Event()
        phone.look_away()
        await phone.say("/status")
        before = doorway.asked.count("sendMessage")
        await until(lambda: doorway.asked.count("sendMessage") > before, 60)
        one.process.kill()
        await one.process.wait()
    async with running(env, tmp_path / "two.log", "telegram-bot") as two:
        await until(lambda: polls(two), START_SECONDS)
        doorway.mute.set()
        assert "At a glance" in (await phone.reads(60)).text


async def test_a_code_entered_elsewhere_is_confirmed_in_the_chat_by_one_of_two(
    env: dict[str, str], database: Database, doorway: Doorway, tmp_path: Path
) -> None:
    phone = Phone(doorway)
    async with database.begin() as connection:
        user_id = int((await connection.execute(text(ANN))).scalar_one())
    async with (
        running(env, tmp_path / "one.log", "telegram-bot"),
        running(env, tmp_path / "two.log", "telegram-bot"),
    ):

        async def both() -> bool:
            async with database.reading() as connection:
                return bool((await connection.execute(text(ALIVE))).scalar_one() == 2)

        await until(both, START_SECONDS)
        shown = (await phone.ask("/start")).text
        code = shown.partition("<code>")[2].partition("</code>")[0]
        await chats(database).link(user_id, LinkChat(code=code))
        assert "<b>Connected.</b>" in (await phone.reads()).text
        await asyncio.sleep(3)
    assert len(doorway.written) == 2
    assert doorway.violations == []


async def test_a_chat_that_blocked_the_bot_is_switched_off_with_a_note(
    env: dict[str, str], database: Database, doorway: Doorway, redis_url: str, tmp_path: Path
) -> None:
    async with (
        running(env, tmp_path / "notifier.log", "notifier"),
        running(env, tmp_path / "bot.log", "telegram-bot"),
    ):
        user_id = await connected(database, Phone(doorway))
        doorway.blocked.add(1001)
        await push(redis_url, trouble(user_id, "Grid"))

        async def off() -> bool:
            async with database.reading() as connection:
                settings = await notifications.get_settings(connection, user_id)
            return not settings.telegram_enabled and "blocked" in settings.notes["telegram"]

        await until(off, 60)


async def test_a_wrong_token_ends_it_in_one_clear_line(env: dict[str, str], tmp_path: Path) -> None:
    wrong = "666000:somebody-elses-token-0123456789abcdef"
    async with running(
        env | {"TELEGRAM_BOT_TOKEN": wrong}, tmp_path / "log", "telegram-bot"
    ) as bot:
        async with asyncio.timeout(START_SECONDS):
            assert await bot.process.wait() == EXIT_HOPELESS
    assert bot.said == f"tradingbot: {REFUSED}\n"


async def test_with_telegram_away_it_is_ready_waits_and_goes_on_when_it_is_back(
    env: dict[str, str], database: Database, doorway: Doorway, redis_url: str, tmp_path: Path
) -> None:
    phone = Phone(doorway)
    async with (
        running(env, tmp_path / "notifier.log", "notifier"),
        running(env, tmp_path / "bot.log", "telegram-bot") as bot,
    ):
        user_id = await connected(database, phone)
        doorway.down = True
        await push(redis_url, *(trouble(user_id, f"No. {number}") for number in range(5)))

        async def all_failed() -> bool:
            async with database.reading() as connection:
                failed = (await connection.execute(text(FAILED))).scalar_one()
            return bool(failed == 5)

        await until(all_failed, 60)
        assert "delivery_failed" in bot.said
        phone.look_away()
        doorway.down = False
        digest = await phone.reads(60)
        assert "Bots in trouble: 5" in digest.text
        assert "At a glance" in (await phone.ask("/status")).text


async def test_telegram_calls_us_when_it_may_and_a_stranger_who_does_is_not_heard(
    env: dict[str, str], database: Database, doorway: Doorway, tmp_path: Path
) -> None:
    phone, port = Phone(doorway), free_port()
    env = env | {"PUBLIC_URL": f"http://127.0.0.1:{port}", "API_PORT": str(port)}
    async with (
        running(env, tmp_path / "api.log", "api"),
        running(env, tmp_path / "bot.log", "telegram-bot") as bot,
    ):
        await until(lambda: polls(bot), START_SECONDS)
        assert doorway.hook is not None
        await until(lambda: says_ok(f"http://127.0.0.1:{port}/health/live"), START_SECONDS)
        await connected(database, phone)
        assert "At a glance" in (await phone.ask("/status")).text
        assert "getUpdates" not in doorway.asked
        stranger = {"X-Telegram-Bot-Api-Secret-Token": "guessed"}
        body = {"update_id": 9, "message": {"message_id": 1, "chat": {"id": 1001}, "text": "/bots"}}
        for headers in ({}, stranger):
            url = doorway.hook["url"]
            async with doorway.http.post(url, json=body, headers=headers) as answer:
                assert answer.status == 404


async def test_where_telegram_will_not_call_it_is_asked(
    env: dict[str, str], database: Database, doorway: Doorway, tmp_path: Path
) -> None:
    async with running(
        env | {"PUBLIC_URL": "http://0.0.0.0"}, tmp_path / "log", "telegram-bot"
    ) as bot:
        await connected(database, Phone(doorway))
        assert "telegram_does_not_call" in bot.said
