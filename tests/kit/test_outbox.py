"""What is posted leaves when the transaction commits, only then, and whatever dies in between."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.kit.waiting import consuming, until
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.kit.database import Database
from tradingbot.kit.outbox import Push, Relay, outbox, post
from tradingbot.kit.queue import Item
from tradingbot.local.servers import ValkeyServer


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@asynccontextmanager
async def running(
    database: Database, push: Push, sweep_seconds: float = 60
) -> AsyncIterator[Relay]:
    relay = Relay(database, push, sweep_seconds=sweep_seconds)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(relay.run())
        try:
            yield relay
        finally:
            task.cancel()


class Pushed:
    def __init__(self) -> None:
        self.items: list[tuple[str, Item]] = []

    async def __call__(self, items: Sequence[tuple[str, str]]) -> None:
        self.items += [(name, json.loads(body)) for name, body in items]


async def waiting(database: Database) -> int:
    async with database.begin() as connection:
        found = await connection.execute(select(func.count()).select_from(outbox))
        return int(found.scalar_one())


async def test_a_nudge_sends_what_was_committed_at_once_and_in_order(database: Database) -> None:
    pushed = Pushed()
    async with running(database, pushed) as relay:
        await asyncio.sleep(0.05)
        async with database.begin() as connection:
            for number in range(3):
                await post(connection, "q", {"number": number, "id": f"mine:{number}"})
        relay.nudge()
        await until(lambda: pushed.items, seconds=2)
    assert pushed.items == [("q", {"number": n, "id": f"mine:{n}"}) for n in range(3)]
    assert await waiting(database) == 0


async def test_what_nobody_nudged_about_leaves_with_the_sweep(database: Database) -> None:
    pushed = Pushed()
    async with running(database, pushed, sweep_seconds=0.05):
        async with database.begin() as connection:
            await post(connection, "q", {"number": 1})
        await until(lambda: pushed.items, seconds=2)
    assert pushed.items[0][1]["id"]


async def test_what_was_rolled_back_never_leaves(database: Database) -> None:
    pushed = Pushed()
    async with database.engine.connect() as connection:
        await post(connection, "q", {"number": 1})
        await connection.rollback()
    assert await Relay(database, pushed).send() == 0


async def test_a_failing_push_keeps_the_message(database: Database) -> None:
    pushed = Pushed()
    failures = 3

    async def push(items: Sequence[tuple[str, str]]) -> None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise ConnectionRefusedError
        await pushed(items)

    async with database.begin() as connection:
        await post(connection, "q", {"number": 1})
    async with running(database, push):
        await until(lambda: pushed.items)
    assert len(pushed.items) == 1


async def test_many_relays_send_each_message_once(database: Database) -> None:
    pushed = Pushed()
    async with database.begin() as connection:
        for number in range(1200):
            await post(connection, "q", {"number": number})
    async with running(database, pushed, 0.05), running(database, pushed, 0.05):
        await until(lambda: len(pushed.items) >= 1200)
        await asyncio.sleep(0.1)
    assert sorted(item["number"] for _, item in pushed.items) == list(range(1200))


async def test_messages_outlive_a_redis_that_dies_in_between(
    database: Database, tmp_path: Path
) -> None:
    server = ValkeyServer(tmp_path)
    await server.start()
    done: set[int] = set()

    async def handle(item: Item) -> None:
        done.add(item["number"])

    queue = RedisQueue(server.url, "relay")
    async with (
        consuming(RedisQueue(server.url, "one"), {"q": handle}),
        running(database, queue.push, 0.05) as relay,
    ):
        for number in range(200):
            async with database.begin() as connection:
                await post(connection, "q", {"number": number})
            relay.nudge()
            if number == 100:
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
                await server.wait()
            if number == 150:
                assert await waiting(database) >= 40
                await server.start()
        await until(lambda: len(done) == 200, seconds=20)
    await queue.close()
    await server.stop()
    assert await waiting(database) == 0
