"""How many lists of 50 bots a second our API gives, against the barest server on the same rows."""

import asyncio
import json
import multiprocessing
import subprocess
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from statistics import median

import jwt

from bench.load import requests_per_second
from bench.report import Result
from bench.whole_system import create_bot, system
from tests.system.running import System, until
from tradingbot.kit import ids
from tradingbot.local.probe import says_ok
from tradingbot.local.servers import free_port

BOTS = 50
CONNECTIONS = 16


async def measure(bots: int = BOTS, rounds: int = 6, seconds: float = 2.0) -> list[Result]:
    """In turns; the first round warms up. One process each."""
    async with system() as started:
        await started.sign_in()
        for number in range(bots):
            await create_bot(started, name=f"Bot {number}", start=False)
        user_id = (await started.get("/api/auth/me"))["id"]
        async with bare(started, user_id) as (url, token):
            places = ((started.facts["api_url"] + "/api/bots", started.token), (url, token))
            await _same_answer(started, *places)
            spawn = multiprocessing.get_context("spawn")
            rates: list[list[float]] = [[], []]
            with ProcessPoolExecutor(1, mp_context=spawn) as pool:
                loop = asyncio.get_running_loop()
                for _ in range(rounds):
                    for place, rate in zip(places, rates, strict=True):
                        asked = (*place, CONNECTIONS, seconds)
                        rate.append(await loop.run_in_executor(pool, requests_per_second, *asked))
    ours, theirs = (median(rate[1:]) for rate in rates)
    note = f"{bots} bots, {CONNECTIONS} connections; baseline: FastAPI + asyncpg + orjson"
    return [
        Result("list_bots_over_bare", ours, "req/s", theirs, "≥ 0.6 ×", ratio_min=0.6, note=note)
    ]


@asynccontextmanager
async def bare(started: System, user_id: int) -> AsyncIterator[tuple[str, str]]:
    """The bare server beside ours, on the same database: its address, and a token it takes."""
    key, port = ids.new_token(), free_port()
    url = f"http://127.0.0.1:{port}"
    told = {"database_url": started.facts["database_url"], "key": key, "port": port}
    process = subprocess.Popen(  # noqa: ASYNC220  # returns at once
        [sys.executable, "-m", "bench.bare_app"], stdin=subprocess.PIPE
    )
    try:
        assert process.stdin is not None
        process.stdin.write(json.dumps(told).encode())
        process.stdin.close()
        await until(lambda: says_ok(url + "/openapi.json"), what="the bare server")
        yield url + "/bots", jwt.encode({"sub": str(user_id)}, key, "HS256")
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 10)


async def _same_answer(started: System, *places: tuple[str, str]) -> None:
    """Else the comparison would be of two different jobs."""
    answers = []
    for url, token in places:
        headers = {"Authorization": f"Bearer {token}"}
        async with started.http.get(url, headers=headers) as answer:
            items = json.loads(await answer.text())["items"]
            answers.append([(item["id"], sorted(item), item["params"]) for item in items])
    assert answers[0] == answers[1]
    assert answers[0]
