"""The whole system, started as a user would start it, for tests that look at it from outside."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tradingbot.paper.journal import Entry, read

START_SECONDS = 60
COMMAND = (sys.executable, "-m", "tradingbot", "up", "--port=0")


@dataclass
class System:
    """A `tradingbot up` in a directory of its own, and a signed-in user of it."""

    directory: Path
    process: "subprocess.Popen[bytes]"
    http: aiohttp.ClientSession
    token: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any]:
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        url = self.facts["api_url"] + path
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def get(self, path: str) -> Any:
        status, body = await self.call("GET", path)
        assert status == 200, body
        return body

    async def everything(self, path: str) -> list[Any]:
        """All pages of a list."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            joint = "&" if "?" in path else "?"
            page = await self.get(
                f"{path}{joint}limit=200" + (f"&cursor={cursor}" if cursor else "")
            )
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def sign_in(self, email: str = "ann@example.com") -> None:
        person = {"email": email, "password": "a long enough password"}
        await self.call("POST", "/api/auth/register", person)
        status, tokens = await self.call("POST", "/api/auth/login", person)
        assert status == 200, tokens
        self.token = tokens["access_token"]

    async def create_bot(self, **changes: object) -> Any:
        body = {
            "name": "My Bot",
            "exchange": "binance",
            "strategy": "grid",
            "api_key": "…",
            "api_secret": "…",
        }
        status, bot = await self.call("POST", "/api/bots", body | changes)
        assert status == 201, bot
        return bot

    def pid(self, name: str) -> int:
        pid: int = self.runtime()["pids"][name]
        return pid

    def runtime(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.directory / "runtime.json").read_text())
        return facts

    def journal(self) -> list[Entry]:
        return list(read(self.directory / "paper" / "journal.jsonl"))


async def until(happens: Callable[[], Awaitable[Any]], seconds: float = 30, what: str = "") -> Any:
    """Its first true answer. A server that is just being restarted may refuse meanwhile."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := await happens():
                return last
        except (aiohttp.ClientError, OSError, AssertionError) as error:
            last = error
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what or happens} (last: {last!r})")


@asynccontextmanager
async def running(directory: Path, *arguments: str) -> AsyncIterator[System]:
    log = directory.with_name(directory.name + ".log")
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603, ASYNC220  # our own command; returns at once
            [
                sys.executable,
                "-m",
                "tradingbot",
                "up",
                "--port=0",
                f"--data-dir={directory}",
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        async with aiohttp.ClientSession() as http:
            system = System(directory, process, http)
            deadline = time.monotonic() + START_SECONDS
            while not (directory / "runtime.json").exists():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                await asyncio.sleep(0.05)
            system.facts = system.runtime()
            yield system
    finally:
        await stop(process)


async def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C, and nothing of it may be left."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    await asyncio.to_thread(process.wait, 40)
    _, left = psutil.wait_procs(family, timeout=5)
    assert left == []
