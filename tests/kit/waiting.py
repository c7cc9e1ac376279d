"""Waiting for what will be so soon, and for work that runs beside the test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any

from tradingbot.kit.queue import Handler, Queue


async def until(so: Callable[[], Any], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            answer = so()
            if await answer if isawaitable(answer) else answer:
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def consuming(queue: Queue, handlers: Mapping[str, Handler]) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(queue.consume(handlers, stopping))
        try:
            yield
        finally:
            stopping.set()
    await queue.close()
