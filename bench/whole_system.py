"""A whole running system for one benchmark, gone without a trace afterwards."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.system.running import System, running, until

DEMO_EMAIL = "demo@example.com"
KEYS = {"api_key": "bench-key", "api_secret": "anything"}  # the paper exchange knows every key


@asynccontextmanager
async def system(*arguments: str) -> AsyncIterator[System]:
    """`tradingbot up …` in an empty directory."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with running(Path(directory) / "data", *arguments) as started:
            yield started


async def sign_in_to_demo(demo: System) -> None:
    person = {"email": DEMO_EMAIL, "password": (demo.directory / "demo_password").read_text()}

    async def signed_in() -> bool:
        status, tokens = await demo.call("POST", "/api/auth/login", person)
        demo.token = tokens["access_token"] if status == 200 else ""
        return status == 200

    await until(signed_in, what="the demo user")


async def create_bot(started: System, **changes: object) -> Any:
    return await started.create_bot(**KEYS, **changes)


async def paper_price(started: System, symbol: str) -> float:
    async with started.http.get(started.facts["paper_exchange_url"] + "/paper/status") as answer:
        return float((await answer.json())["prices"][symbol])
