"""The bot in this process: real PostgreSQL, Valkey, paper exchange; Telegram is the emulator."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.api.client import Api, running_api
from tests.paper.server import running_paper_exchange
from tests.telegram.doorway import BOT_NAME, TOKEN, Doorway, open_doorway
from tests.telegram.phone import Phone
from tradingbot.adapters.redis_doorbell import RedisDoorbell
from tradingbot.adapters.redis_pace import RedisPace
from tradingbot.adapters.telegram_line import TelegramLine
from tradingbot.kit.database import Database
from tradingbot.kit.lease import keep_alive
from tradingbot.paper.server import PaperExchange
from tradingbot.telegram import repository, turns
from tradingbot.telegram.attendant import Attendant
from tradingbot.telegram.greetings import Greetings
from tradingbot.telegram.poller import Poller
from tradingbot.telegram.turns import Turns
from tradingbot.telegram.writer import Writer
from tradingbot.wiring.services import desks


@dataclass
class Town:
    """Ann has an account, and a phone that is connected with it."""

    api: Api
    doorway: Doorway
    token: str
    phone: Phone

    async def link(self, **body: object) -> str:
        """What to say to the bot."""
        path = "/api/notifications/telegram/link"
        made = await self.api.call("POST", path, body, token=self.token)
        assert made.status_code == 200, made.text
        return str(made.json()["command"])


@pytest.fixture
async def doorway() -> AsyncIterator[Doorway]:
    async with open_doorway() as doorway:
        yield doorway


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def line(doorway: Doorway) -> AsyncIterator[TelegramLine]:
    line = TelegramLine(TOKEN, doorway.url)
    yield line
    await line.close()


@pytest.fixture
async def paper(tmp_path: Path) -> AsyncIterator[PaperExchange]:
    """A market that stands still."""
    async with running_paper_exchange(tmp_path, prints_per_second=0.0) as exchange:
        yield exchange


@pytest.fixture
async def api(database_url: str, redis_url: str, paper: PaperExchange) -> AsyncIterator[Api]:
    async with running_api(database_url, redis_url, paper.url) as running:
        yield running


@pytest.fixture
async def bot(api: Api, redis_url: str, line: TelegramLine) -> AsyncIterator[None]:
    """As the process wires it."""
    pace, doorbell, stopped = RedisPace(redis_url), RedisDoorbell(redis_url), asyncio.Event()
    async with api.database.begin() as connection:
        await repository.put_bot(connection, line.bot_id, BOT_NAME)
    desk = desks(api.app.state.services, api.database)
    writer = Writer(line, Turns(pace, line.bot_id), desk.chats)
    attendant = Attendant(desk, line, writer, doorbell, BOT_NAME, "bot-1")
    poller = Poller(api.database, line, doorbell, "bot-1", None)
    async with asyncio.TaskGroup() as group:
        group.create_task(keep_alive(api.database, "bot-1", "telegram-bot", stopped))
        group.create_task(poller.run(stopped))
        group.create_task(attendant.run(stopped))
        group.create_task(Greetings(api.database, writer).run(stopped))
        yield
        stopped.set()
    await pace.close()
    await doorbell.close()


@pytest.fixture
def in_no_hurry() -> None:
    """Telegram's own pace, for the tests that measure it."""


@pytest.fixture
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat need not wait a second for each answer."""
    if "in_no_hurry" not in request.fixturenames:
        monkeypatch.setattr(turns, "SECONDS_CHAT", 0.02)


@pytest.fixture
async def town(api: Api, doorway: Doorway, quick: None, bot: None) -> Town:  # noqa: ARG001  # running
    town = Town(api, doorway, await api.token(), Phone(doorway))
    joined = await town.phone.ask(await town.link())
    assert joined.text.startswith("<b>Connected.</b>"), joined
    return town
