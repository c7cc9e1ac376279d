"""What Telegram says is kept once, answered once, in its order, whoever dies."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tradingbot.kit.database import Database
from tradingbot.kit.lease import leave, show_alive
from tradingbot.telegram import repository
from tradingbot.telegram.inbox import Inbox, kept

BOT, OTHER = 666000, 777000
HOLD = timedelta(minutes=1)


def an_update(number: int, chat_id: int = 1, **changes: object) -> dict[str, Any]:
    message = {"message_id": number, "chat": {"id": chat_id, "type": "private"}, "text": "/bots"}
    return {"update_id": number, "message": message | changes}


@pytest.fixture
async def fence(database: Database) -> int:
    """Under which `one` asks."""
    async with database.begin() as connection:
        await repository.put_bot(connection, BOT, "bot")
    for worker in ("one", "two"):
        async with database.asking() as driver:
            await show_alive(driver, worker, "telegram-bot")
    return await taken(database, "one") or 0


async def taken(database: Database, worker_id: str, bot_id: int = BOT) -> int | None:
    async with database.begin() as connection:
        return await repository.take_polling(connection, bot_id, worker_id)


async def claimed(
    database: Database, bot_id: int = BOT, by: str = "one", at_it: Collection[int] = range(100)
) -> int | None:
    async with database.begin() as connection:
        waiting = await repository.claim_update(connection, bot_id, by, at_it, HOLD)
    return None if waiting is None else waiting.update_id


async def test_one_asks_and_another_only_when_it_is_gone(database: Database, fence: int) -> None:
    assert fence == 1
    assert await taken(database, "two") is None
    async with database.asking() as driver:
        await leave(driver, "one")
    assert await taken(database, "two") == 2


async def test_who_was_replaced_keeps_nothing_any_more(database: Database, fence: int) -> None:
    inbox = Inbox(database, BOT)
    assert await inbox.take_all([an_update(1)], "one", fence)
    async with database.asking() as driver:
        await leave(driver, "one")
    second = await taken(database, "two")
    assert second is not None
    assert not await inbox.take_all([an_update(2)], "one", fence)
    assert await inbox.take_all([an_update(1), an_update(2)], "two", second)
    async with database.reading() as connection:
        count = await connection.execute(text("SELECT count(*) FROM telegram_updates"))
        assert count.scalar_one() == 2


async def test_who_begins_anew_has_no_use_for_what_he_asked_before(
    database: Database, fence: int
) -> None:
    inbox = Inbox(database, BOT)
    again = await taken(database, "one")
    assert again == fence + 1
    assert not await inbox.take_all([an_update(1)], "one", fence)
    assert await inbox.take_all([an_update(1)], "one", again)


async def test_a_chats_updates_are_handled_in_order_and_chats_beside_each_other(
    database: Database, fence: int
) -> None:
    bodies = [an_update(1, 1), an_update(2, 1), an_update(3, 2)]
    await Inbox(database, BOT).take_all(bodies, "one", fence)
    assert [await claimed(database) for _ in range(3)] == [1, 3, None]
    async with database.begin() as connection:
        await repository.mark_handled(connection, BOT, 1)
    assert await claimed(database) == 2


async def test_what_a_dead_one_had_in_hand_is_anothers_at_once(
    database: Database, fence: int
) -> None:
    await Inbox(database, BOT).take_all([an_update(1)], "one", fence)
    assert await claimed(database) == 1
    assert await claimed(database, by="two") is None
    async with database.asking() as driver:
        await leave(driver, "one")
    assert await claimed(database, by="two") == 1


async def test_what_takes_a_living_one_too_long_is_anothers_after_the_hold(
    database: Database, fence: int
) -> None:
    await Inbox(database, BOT).take_all([an_update(1)], "one", fence)
    assert await claimed(database) == 1
    async with database.begin() as connection:
        await connection.execute(text("UPDATE telegram_updates SET next_attempt_at = now()"))
    assert await claimed(database, by="two") == 1


async def test_what_one_let_fall_it_takes_up_again_itself(database: Database, fence: int) -> None:
    await Inbox(database, BOT).take_all([an_update(1)], "one", fence)
    assert await claimed(database, at_it=()) == 1
    assert await claimed(database, at_it={1}) is None
    assert await claimed(database, by="two", at_it=()) is None
    assert await claimed(database, at_it=()) == 1


async def test_what_was_put_off_is_nobodys_until_then(database: Database, fence: int) -> None:
    await Inbox(database, BOT).take_all([an_update(1)], "one", fence)
    assert await claimed(database) == 1
    async with database.begin() as connection:
        await repository.put_off_update(connection, BOT, 1, 3600)
    assert await claimed(database, at_it=()) is None
    async with database.asking() as driver:
        await leave(driver, "one")
    assert await claimed(database, by="two") is None


async def test_what_was_said_to_another_bot_is_that_ones_alone(
    database: Database, fence: int
) -> None:
    async with database.begin() as connection:
        await repository.put_bot(connection, OTHER, "other")
    theirs = await taken(database, "two", OTHER)
    assert theirs is not None
    assert await taken(database, "one", OTHER) is None
    # Telegram numbers updates and, in private, chats for each bot by itself.
    await Inbox(database, OTHER).take_all([an_update(1)], "two", theirs)
    assert not await Inbox(database, OTHER).take_all([an_update(3)], "one", fence)
    assert await claimed(database) is None
    await Inbox(database, BOT).take_all([an_update(1), an_update(2)], "one", fence)
    assert await claimed(database) == 1
    async with database.begin() as connection:
        await repository.put_off_update(connection, BOT, 1, 3600)
    assert await claimed(database, OTHER) == 1
    async with database.begin() as connection:
        await repository.mark_handled(connection, BOT, 1)
        await repository.put_off_update(connection, OTHER, 1, 0)
    assert await claimed(database) == 2
    assert await claimed(database, OTHER) == 1


def test_what_we_know_nothing_of_is_let_go() -> None:
    nonsense: list[dict[str, Any]] = [
        {},
        {"update_id": "x"},
        {"update_id": 1},
        {"update_id": 2, "poll": {}},
        {"update_id": 3, "message": {"chat": {}}},
        {"update_id": 2**70, "message": {"message_id": 1, "chat": {"id": 1}}},
    ]
    assert kept(nonsense) == []
    odd = an_update(4, text="nul \x00 half \ud800")
    assert [row["update_id"] for row in kept([*nonsense, odd])] == [4]
    assert "\x00" not in kept([odd])[0]["body"]["message"]["text"]
