"""Four processes ask for all they can get, and what they get together is never too much."""

import asyncio
import multiprocessing
import os
import signal
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis

from tests.adapters import budget_worker
from tests.adapters.budget_worker import ORDERS, WEIGHT
from tests.kit.waiting import until
from tradingbot.local.servers import ValkeyServer

PROCESSES = 4


class Note(NamedTuple):
    bucket: str
    window: str
    cost: int
    ceiling: int
    took_ms: int


@contextmanager
def workers(url: str, directory: Path) -> Iterator[list[ForkServerProcess]]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([budget_worker.__name__])
    processes = [
        context.Process(
            target=budget_worker.work, args=(url, f"worker-{number}", directory), daemon=True
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()


def notes(directory: Path) -> list[Note]:
    lines = [line.split() for file in directory.iterdir() for line in file.read_text().splitlines()]
    return [Note(name, at, int(cost), int(top), int(took)) for name, at, cost, top, took in lines]


def by_window(rows: Sequence[Note]) -> dict[tuple[str, str], int]:
    sums: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        sums[row.bucket, row.window] += row.cost
    return sums


async def test_together_they_never_take_more_than_there_is(tmp_path: Path) -> None:
    server = ValkeyServer(tmp_path)
    await server.start()
    directory = tmp_path / "notes"
    directory.mkdir()
    with workers(server.url, directory) as started:
        await until(lambda: len(list(directory.iterdir())) == PROCESSES, seconds=20)
        await asyncio.sleep(4)
        quiet_until = max(row.window for row in notes(directory))
        await kill_restart_and_empty(server, started)
    await server.stop()
    rows = notes(directory)
    used = by_window(rows)
    for (bucket, window), sum_ in used.items():
        assert sum_ <= (ORDERS if "account" in bucket else WEIGHT), (bucket, window)
    before = [row for row in rows if row.window < quiet_until]
    patient = by_window([row for row in before if row.ceiling < 0.9 * WEIGHT])
    assert max(patient.values()) <= 0.8 * WEIGHT
    assert max(by_window(before).values()) > 0.97 * WEIGHT  # and little is left lying
    assert max(row.took_ms for row in rows) < 1_000


async def kill_restart_and_empty(
    server: ValkeyServer, started: Sequence[ForkServerProcess]
) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    await asyncio.sleep(1.5)
    await server.start()
    await asyncio.sleep(1.5)
    async with Redis.from_url(server.url) as redis:
        await redis.flushall()
    await asyncio.sleep(1.5)
    started[0].kill()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    await asyncio.sleep(1.5)
    os.kill(server.pid, signal.SIGCONT)
    await asyncio.sleep(1.5)
