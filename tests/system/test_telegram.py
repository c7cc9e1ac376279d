"""From a trade on the paper exchange to the text on a phone, through everything in between."""

from pathlib import Path
from typing import Any

import pytest

from tests.system.running import running, until
from tests.telegram.doorway import TOKEN, open_doorway
from tests.telegram.phone import Phone, Read

LINK = "/api/notifications/telegram/link"
CREATED, STARTED = "Бот создан", "Бот запущен"
FILLED, STOPPED = "Ордер исполнен", "Бот остановлен"


async def all_said(phone: Phone, *words: str, seconds: float = 60) -> list[Read]:
    """A message for each of these, in whatever order they come."""
    found: dict[str, Read] = {}
    while len(found) < len(words):
        read = await phone.reads(seconds)
        found |= {each: read for each in words if each in read.text and each not in found}
    return [found[each] for each in words]


async def said(phone: Phone, words: str, seconds: float = 60) -> Read:
    """The first message from now on that has these words, by itself or in a digest."""
    for _ in range(500):
        read = await phone.reads(seconds)
        if words in read.text:
            return read
    raise AssertionError(f"{words} was never said")


@pytest.mark.timeout(240)
async def test_a_trade_is_told_and_a_bot_is_run_from_a_phone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_doorway() as doorway:
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
        monkeypatch.setenv("TELEGRAM_API_URL", doorway.url)
        async with running(tmp_path / "data", "--speed=240") as system:
            await system.sign_in()

            async def link() -> Any:
                return (await system.call("POST", LINK))[1].get("command")

            phone = Phone(doorway)
            await phone.ask(await until(link, 30, "a bot that has said its name"))
            await phone.ask("/lang ru")
            few = {"bot_created", "bot_started", "bot_stopped", "order_filled"}
            settings = {"enabled_events": sorted(few), "max_per_minute": 600}
            status, _ = await system.call("PUT", "/api/notifications/settings", settings)
            assert status == 200
            phone.look_away()
            await system.create_bot(start=False)
            assert "My Bot" in (await said(phone, CREATED)).text
            asked = await phone.ask("/startbot 1")
            await phone.press_asking(asked, "startbot 1 yes")
            # The first order is filled as soon as the bot runs.
            _, fill = await all_said(phone, STARTED, FILLED, seconds=90)
            assert "BTC/USDT" in fill.text or "2" in fill.text
            profit = await phone.ask("/profit")
            assert "My Bot" in await _until_told(phone, profit)
            await phone.press_asking(asked, "stopbot 1 cancel")
            await said(phone, STOPPED, 60)

            async def at_rest() -> Any:
                return (await system.get("/api/bots/1"))["status"] == "stopped"

            await until(at_rest, 30, "the bot's stop")
            assert doorway.violations == []
        logs = "".join(path.read_text() for path in (tmp_path / "data" / "logs").glob("*.log"))
        assert TOKEN not in logs


async def _until_told(phone: Phone, read: Read) -> str:
    """Answers and what is told share the chat: the next that is one of ours."""
    while "My Bot" not in read.text:
        read = await phone.reads()
    return read.text
