"""What one more idle grid of 50 lines adds to the memory of the worker that holds it."""

import asyncio
import gc
import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import asyncpg
import psutil
import uvloop

from bench.held_bots import LINES, database_with, postgres, until_held, working
from bench.report import Result, within
from tradingbot.kit.log import configure

KIB = 1024
LIMIT = 40.0


async def measure(first: int = 1_000, added: int = 9_000) -> list[Result]:
    """The first bots warm everything up; the added ones count."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with postgres(Path(directory)) as server:
            url = await database_with(server.url, first, added)
            # A process of its own: memory freed by other benchmarks would be taken again unseen.
            spawn = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=spawn) as pool:
                loop = asyncio.get_running_loop()
                grown = await loop.run_in_executor(pool, grow, url, first, added)
    note = f"resident, {LINES} lines each, {first:,} to {first + added:,} bots"
    return [
        within("memory_per_idle_bot", grown / added / KIB, "KiB", LIMIT, "≤ 40 KiB", note),
    ]


def grow(url: str, first: int, added: int) -> int:
    """Bytes that holding `added` more bots takes."""
    configure("WARNING", "console", "bench")
    return uvloop.run(_grow(url, first, added))


async def _grow(url: str, first: int, added: int) -> int:
    async with working(url):
        await until_held(url, first)
        before = _resident()
        connection = await asyncpg.connect(url)
        await connection.execute("UPDATE bots SET status = 'running'")
        await connection.close()
        await until_held(url, first + added)
        return _resident() - before


def _resident() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)
