"""Workers die in the middle of their work, and no item is lost."""

import asyncio
import itertools
import json
import multiprocessing
import random
from collections import Counter
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from redis.asyncio import Redis

from tests.adapters import queue_worker
from tests.adapters.queue_worker import LIST
from tests.kit.waiting import until

WORKERS = 4
ITEMS = 2000
KILLS = 30


async def test_thirty_kills_lose_none_of_two_thousand_items(redis_url: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([queue_worker.__name__])  # imports cost more than the test
    names = map("worker-{}".format, itertools.count())

    def started() -> ForkServerProcess:
        process = context.Process(
            target=queue_worker.work, args=(redis_url, next(names), tmp_path), daemon=True
        )
        process.start()
        return process

    workers = [started() for _ in range(WORKERS)]
    chance = random.Random(7)  # noqa: S311  # nobody has to guess it
    async with Redis.from_url(redis_url) as redis:
        try:
            for number in range(ITEMS):
                await redis.lpush(LIST, json.dumps({"number": number}))
            await until(lambda: len(done(tmp_path)) > WORKERS)
            for _ in range(KILLS):
                await asyncio.sleep(chance.uniform(0.05, 0.2))
                victim = chance.randrange(WORKERS)
                workers[victim].kill()
                workers[victim] = started()
            await until(lambda: len(set(done(tmp_path))) == ITEMS, seconds=30)
            await until(lambda: nothing_left(redis))
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
        assert await redis.llen(f"{LIST}:dead") == 0
    doubled = [number for number, times in Counter(done(tmp_path)).items() if times > 1]
    assert len(doubled) <= KILLS


def done(directory: Path) -> list[str]:
    return [line for file in directory.iterdir() for line in file.read_text().split()]


async def nothing_left(redis: Redis) -> bool:
    keys = [LIST, *await redis.keys("*:processing:*")]
    return sum([await redis.llen(key) for key in keys]) == 0
