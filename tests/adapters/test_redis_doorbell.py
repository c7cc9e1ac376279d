"""A ring is heard at once, and a listener knows when it may have missed one."""

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

from tests.kit.waiting import until
from tradingbot.adapters.redis_doorbell import RedisDoorbell
from tradingbot.local.servers import ValkeyServer


async def listen(bell: RedisDoorbell, heard: list[str | None]) -> None:
    async with aclosing(bell.listen("door")) as rings:
        async for body in rings:
            heard.append(body)  # noqa: PERF401  # it never ends: each as it comes


async def test_a_ring_is_heard_by_every_listener(redis_url: str) -> None:
    bell = RedisDoorbell(redis_url)
    first: list[str | None] = []
    second: list[str | None] = []
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(bell, heard)) for heard in (first, second)]
        await until(lambda: first and second)
        await bell.ring("door", "кто там")
        await bell.ring("another", "not for us")
        await bell.ring("door", "2")
        await until(lambda: len(first) == len(second) == 3)
        for task in tasks:
            task.cancel()
    assert first == second == [None, "кто там", "2"]
    await bell.close()


async def test_after_an_outage_the_listener_is_told_to_look_for_itself(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path)
    await server.start()
    bell = RedisDoorbell(server.url)
    heard: list[str | None] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen(bell, heard))
        await until(lambda: heard == [None])
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
        await bell.ring("door", "nobody hears this")
        await server.start()
        await until(lambda: heard == [None, None])
        await bell.ring("door", "again")
        await until(lambda: heard == [None, None, "again"])
        task.cancel()
    await bell.close()
    await server.stop()
