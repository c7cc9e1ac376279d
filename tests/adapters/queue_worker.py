"""A worker that will be killed: each item it has done is a line in a file of its own."""

import asyncio
import os
from pathlib import Path

import uvloop

from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.kit.queue import Item

LIST = "work"
LEASE_SECONDS = 1.0
WORK_SECONDS = 0.005


def work(url: str, consumer: str, directory: Path) -> None:
    uvloop.run(consume(url, consumer, directory))


async def consume(url: str, consumer: str, directory: Path) -> None:
    done = os.open(directory / consumer, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def handle(item: Item) -> None:
        await asyncio.sleep(WORK_SECONDS)
        os.write(done, f"{item['number']}\n".encode())

    queue = RedisQueue(url, consumer, lease_seconds=LEASE_SECONDS)
    await queue.consume({LIST: handle}, asyncio.Event())
