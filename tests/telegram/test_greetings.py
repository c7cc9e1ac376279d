"""A chat joined by its code is told so once, whatever Telegram says and whoever dies."""

import asyncio

import pytest
from sqlalchemy import text

from tests.notifications.conftest import a_user
from tests.telegram.doorway import Doorway
from tradingbot.adapters.telegram_line import TelegramLine
from tradingbot.kit.database import Database
from tradingbot.kit.pace import OwnPace
from tradingbot.kit.vault import Vault
from tradingbot.notifications.audiences import Audiences
from tradingbot.telegram import repository
from tradingbot.telegram.greetings import HOLD, Greetings
from tradingbot.telegram.schemas import LinkChat, SaidChat
from tradingbot.telegram.service import ChatDesk
from tradingbot.telegram.turns import Turns
from tradingbot.telegram.writer import Writer

CHAT = 7007


@pytest.fixture
def desk(database: Database) -> ChatDesk:
    return ChatDesk(database, Vault("k" * 40).fingerprints, Audiences(database))


@pytest.fixture
def greetings(database: Database, line: TelegramLine, desk: ChatDesk) -> Greetings:
    return Greetings(database, Writer(line, Turns(OwnPace(), line.bot_id), desk))


async def join(database: Database, desk: ChatDesk, chat_id: int = CHAT) -> None:
    kind = "private" if chat_id > 0 else "group"
    user_id = await a_user(database, "ann@example.com")
    code = await desk.code_for(SaidChat(id=chat_id, type=kind, first_name="Ann", title="Traders"))
    await desk.link(user_id, LinkChat(code=code))


async def pass_by(database: Database) -> None:
    """A minute does."""
    await change(database, "UPDATE telegram_chats SET greet_at = greet_at - interval '1 minute'")


async def change(database: Database, statement: str) -> None:
    async with database.begin() as connection:
        await connection.execute(text(statement))


async def test_of_many_one_tells_it(
    database: Database, desk: ChatDesk, greetings: Greetings, doorway: Doorway
) -> None:
    await join(database, desk)
    told = await asyncio.gather(*(greetings.greet_one() for _ in range(4)))
    assert sorted(told) == [False, False, False, True]
    assert [each.chat_id for each in doorway.written] == [CHAT]


@pytest.mark.parametrize("trouble", ["away", "asks for patience"])
async def test_what_telegram_would_not_take_is_told_later(
    database: Database, desk: ChatDesk, greetings: Greetings, doorway: Doorway, trouble: str
) -> None:
    await join(database, desk)
    doorway.down, doorway.faults = trouble == "away", 2.0
    assert await greetings.greet_one()
    assert not await greetings.greet_one()
    doorway.down, doorway.faults = False, 0.0
    await pass_by(database)
    assert await greetings.greet_one()
    assert not await greetings.greet_one()
    assert len(doorway.written) == 1


async def test_who_has_blocked_the_bot_meanwhile_is_left_alone(
    database: Database, desk: ChatDesk, greetings: Greetings, doorway: Doorway
) -> None:
    await join(database, desk)
    doorway.blocked.add(CHAT)
    assert await greetings.greet_one()
    await pass_by(database)
    assert not await greetings.greet_one()


async def test_what_a_dead_one_had_in_hand_is_told_by_another_after_the_hold(
    database: Database, desk: ChatDesk, greetings: Greetings, doorway: Doorway
) -> None:
    await join(database, desk)
    async with database.begin() as connection:
        assert await repository.claim_greeting(connection, HOLD) is not None
    assert not await greetings.greet_one()
    await pass_by(database)
    assert await greetings.greet_one()
    assert len(doorway.written) == 1


async def test_a_group_that_became_a_supergroup_is_told_under_its_new_number_once(
    database: Database, desk: ChatDesk, greetings: Greetings, doorway: Doorway
) -> None:
    await join(database, desk, -5)
    doorway.moved[-5] = -1005
    assert await greetings.greet_one()
    await pass_by(database)
    assert not await greetings.greet_one()
    assert [each.chat_id for each in doorway.written] == [-1005]


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE telegram_chats SET linked_at = linked_at - interval '1 hour'",
        "UPDATE users SET is_active = false",
    ],
)
async def test_nobody_is_told_who_waits_no_longer(
    database: Database, desk: ChatDesk, greetings: Greetings, meanwhile: str
) -> None:
    await join(database, desk)
    await change(database, meanwhile)
    assert not await greetings.greet_one()
