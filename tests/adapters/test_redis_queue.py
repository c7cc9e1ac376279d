"""An item pushed by anybody is done, tried again, or kept with the reason it cannot be done."""

import asyncio
import hashlib
import json
import os
import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.kit.waiting import consuming, until
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.kit.queue import Item, QueueUnreachable, Unprocessable
from tradingbot.local.servers import ValkeyServer


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        yield redis


class Seen:
    """A handler that keeps what it is given, after failing as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.items: list[Item] = []
        self._errors = list(errors)

    async def __call__(self, item: Item) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self.items.append(item)


async def letters(redis: Redis, name: str) -> list[Any]:
    return [json.loads(letter) for letter in await redis.lrange(f"{name}:dead", 0, -1)]


async def left(redis: Redis, name: str) -> int:
    keys = [name, *await redis.keys(f"{name}:processing:*")]
    return sum([await redis.llen(key) for key in keys])


async def test_items_come_in_the_order_they_were_pushed(redis_url: str, redis: Redis) -> None:
    seen = Seen()
    for number in range(20):
        await redis.lpush("q", json.dumps({"number": number, "id": str(number)}))
    async with consuming(RedisQueue(redis_url, "one"), {"q": seen}):
        await until(lambda: len(seen.items) == 20)
    assert [item["number"] for item in seen.items] == list(range(20))
    assert await left(redis, "q") == 0


async def test_one_worker_serves_several_lists(redis_url: str, redis: Redis) -> None:
    first, second = Seen(), Seen()
    async with consuming(RedisQueue(redis_url, "one"), {"a": first, "b": second}):
        await redis.lpush("b", "{}")
        await redis.lpush("a", "{}")
        await until(lambda: first.items and second.items)


async def test_an_item_waits_a_moment_only(redis_url: str, redis: Redis) -> None:
    seen = Seen()
    loop = asyncio.get_running_loop()
    async with consuming(RedisQueue(redis_url, "one"), {"q": seen}):
        await redis.lpush("q", "{}")
        await until(lambda: seen.items)
        begun = loop.time()
        await redis.lpush("q", "{}")
        await until(lambda: len(seen.items) == 2)
    assert loop.time() - begun < 0.5


async def test_an_item_without_an_id_gets_one_of_its_own(redis_url: str, redis: Redis) -> None:
    seen = Seen()
    await redis.lpush("q", '{"n": 0.10000000000000000001}', '{"n": 1}', "{ }", '{"id":"mine"}')
    async with consuming(RedisQueue(redis_url, "one"), {"q": seen}):
        await until(lambda: len(seen.items) == 4)
    assert seen.items[0]["n"] == Decimal("0.10000000000000000001")
    assert seen.items[3]["id"] == "mine"
    assert len({item["id"] for item in seen.items}) == 4


async def test_the_id_stays_when_the_item_is_tried_again(redis_url: str, redis: Redis) -> None:
    ids: list[str] = []

    async def handle(item: Item) -> None:
        ids.append(item["id"])
        if len(ids) < 3:
            raise RuntimeError

    async with consuming(RedisQueue(redis_url, "one"), {"q": handle}):
        await redis.lpush("q", '{"n": 1}')
        await until(lambda: len(ids) == 3)
    assert len(set(ids)) == 1
    assert await left(redis, "q") == 0


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("{", "not JSON"),
        ("", "not JSON"),
        ("[1]", "not a JSON object"),
        ('"start"', "not a JSON object"),
        ('{"n": NaN}', "not JSON: NaN is not a number"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
    ],
)
async def test_what_is_no_item_becomes_a_dead_letter(
    redis_url: str, redis: Redis, raw: str | bytes, why: str
) -> None:
    seen = Seen()
    async with consuming(RedisQueue(redis_url, "one"), {"q": seen}):
        await redis.lpush("q", raw)
        await redis.lpush("q", '{"good": 1}')
        await until(lambda: seen.items)
    (letter,) = await letters(redis, "q")
    assert set(letter) == {"item", "reason", "at"}
    assert letter["item"] == (raw if isinstance(raw, str) else "\\xff\\xfe")
    assert letter["reason"].startswith(why)
    assert await left(redis, "q") == 0


async def test_a_handler_may_say_that_an_item_can_never_be_done(
    redis_url: str, redis: Redis
) -> None:
    async with consuming(RedisQueue(redis_url, "one"), {"q": Seen(Unprocessable("no such bot"))}):
        await redis.lpush("q", '{"id":"1"}')
        await until(lambda: letters(redis, "q"))
    assert (await letters(redis, "q"))[0]["reason"] == "no such bot"


async def test_what_fails_five_times_becomes_a_dead_letter_and_delays_nobody(
    redis_url: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradingbot.adapters.redis_queue.PAUSE_SECONDS", 0.02)
    tries: list[str] = []

    async def handle(item: Item) -> None:
        tries.append(item["id"])
        if item["id"] == "bad":
            raise ValueError("secret=hunter2 broke it")

    async with consuming(RedisQueue(redis_url, "one"), {"q": handle}):
        await redis.lpush("q", '{"id":"bad"}')
        for number in range(5):
            await redis.lpush("q", json.dumps({"id": str(number)}))
        await until(lambda: letters(redis, "q"))
    assert tries[:6] == ["bad", "0", "1", "2", "3", "4"]
    assert tries.count("bad") == 5
    (letter,) = await letters(redis, "q")
    assert letter["reason"] == "failed 5 times: ValueError: secret=*** broke it"
    assert await redis.hlen("q:tries") == 0


async def test_an_outage_of_what_the_handler_needs_is_not_the_items_fault(
    redis_url: str, redis: Redis
) -> None:
    seen = Seen(*[ConnectionRefusedError("no database")] * 6)
    async with consuming(RedisQueue(redis_url, "one"), {"q": seen}):
        await redis.lpush("q", '{"id":"1"}')
        await until(lambda: seen.items, seconds=30)
    assert await letters(redis, "q") == []


async def test_what_the_dead_held_is_done_by_the_living(redis_url: str, redis: Redis) -> None:
    await redis.sadd("q:consumers", "dead")
    await redis.lpush("q:processing:dead", '{"id":"1"}', '{"id":"2"}')
    seen = Seen()
    async with consuming(RedisQueue(redis_url, "one", lease_seconds=0.3), {"q": seen}):
        await until(lambda: len(seen.items) == 2)
    assert [item["id"] for item in seen.items] == ["1", "2"]
    assert await redis.smembers("q:consumers") == {"one"}


async def test_an_item_that_kills_its_worker_again_and_again_is_buried(
    redis_url: str, redis: Redis
) -> None:
    item = '{"id":"1"}'
    # What five deaths with it in hand leave behind, and the sixth.
    await redis.hset("q:tries", hashlib.sha1(item.encode(), usedforsecurity=False).hexdigest(), 5)
    await redis.sadd("q:consumers", "dead")
    await redis.lpush("q:processing:dead", item)
    seen = Seen()
    async with consuming(RedisQueue(redis_url, "one"), {"q": seen}):
        await until(lambda: letters(redis, "q"))
    (letter,) = await letters(redis, "q")
    assert letter["item"] == item
    assert letter["reason"] == "its worker died with it in hand, 6 times"
    assert (seen.items, await redis.hlen("q:tries")) == ([], 0)


async def test_a_long_task_stays_ours(redis_url: str, redis: Redis) -> None:
    times: list[str] = []

    async def slow(item: Item) -> None:
        times.append(item["id"])
        await asyncio.sleep(1.0)

    first = consuming(RedisQueue(redis_url, "one", lease_seconds=0.3), {"q": slow})
    second = consuming(RedisQueue(redis_url, "two", lease_seconds=0.3), {"q": slow})
    async with first, second:
        await redis.lpush("q", '{"id":"1"}')
        await until(lambda: times)
    assert times == ["1"]
    assert await left(redis, "q") == 0


async def test_stopping_finishes_the_item_in_hand_and_takes_no_other(
    redis_url: str, redis: Redis
) -> None:
    done: list[str] = []
    stopping = asyncio.Event()

    async def handle(item: Item) -> None:
        stopping.set()
        await asyncio.sleep(0.2)
        done.append(item["id"])

    await redis.lpush("q", '{"id":"1"}', '{"id":"2"}')
    queue = RedisQueue(redis_url, "one")
    await queue.consume({"q": handle}, stopping)
    await queue.close()
    assert done == ["1"]
    assert await redis.lrange("q", 0, -1) == ['{"id":"2"}']


async def test_stopping_while_nothing_is_there_takes_no_time(redis_url: str, redis: Redis) -> None:
    loop = asyncio.get_running_loop()
    async with consuming(RedisQueue(redis_url, "one"), {"q": Seen()}):
        await asyncio.sleep(0.1)
        begun = loop.time()
    assert loop.time() - begun < 0.5
    await redis.lpush("q", "{}")
    assert await redis.llen("q") == 1


@pytest.fixture
async def own_valkey(tmp_path: Path) -> AsyncIterator[ValkeyServer]:
    server = ValkeyServer(tmp_path)
    await server.start()
    yield server
    await server.stop()


async def restart(server: ValkeyServer, seconds_away: float) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    await asyncio.sleep(seconds_away)
    await server.start()


async def test_nothing_is_lost_when_redis_dies(own_valkey: ValkeyServer) -> None:
    queue = RedisQueue(own_valkey.url, "pusher")
    done: set[int] = set()

    async def handle(item: Item) -> None:
        await asyncio.sleep(0.002)
        done.add(item["number"])

    async with consuming(RedisQueue(own_valkey.url, "one"), {"q": handle}):
        for number in range(300):
            while True:
                try:
                    await queue.push([("q", json.dumps({"number": number}))])
                except QueueUnreachable:
                    await asyncio.sleep(0.02)
                else:
                    break
            if number in {100, 200}:
                async with asyncio.TaskGroup() as group:
                    group.create_task(restart(own_valkey, 0.3))
        await until(lambda: len(done) == 300, seconds=20)
    await queue.close()


async def test_a_redis_that_is_not_there_is_said_in_one_clear_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    queue = RedisQueue("redis://:password@127.0.0.1:1/0", "one")
    with pytest.raises(QueueUnreachable, match="Redis does not answer") as error:
        await queue.ping()
    assert "password" not in str(error.value)
    with pytest.raises(QueueUnreachable):
        await queue.push([("q", "{}")])
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(queue.consume({"q": Seen()}, stopping))
        await asyncio.sleep(1.0)
        stopping.set()
    await queue.close()
    assert capfd.readouterr().out.count("away") == 1
