"""Children of the nursery, as services: asked for, watched, killed, frozen and asked for again."""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tradingbot.kit.crew import Crew
from tradingbot.local.child import Child

ROOT = Path(__file__).parents[2]


class Born(Child):
    """A child whose parent is the nursery; it tells us when it has ended."""

    def __init__(self, family: "Family", pid: int) -> None:
        self._family = family
        self._pid = pid
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.stopped = asyncio.Event()

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def exit_code(self) -> int | None:
        return self._ended.result() if self._ended.done() else None

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def stop(self, gently: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> None:
        self.signal(signal.SIGCONT)  # who is frozen hears nothing
        self.signal(gently)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.wait()
            return
        self.signal(signal.SIGKILL)
        await self.wait()

    def signal(self, number: signal.Signals) -> None:
        self._family.say(pid=self._pid, signal=int(number))

    def end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)


@dataclass
class Family:
    """Our connection to the nursery."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    children: dict[int, Born] = field(default_factory=dict)
    expected: dict[int, "asyncio.Future[Born]"] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def bear(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> Born:
        log.parent.mkdir(parents=True, exist_ok=True)
        number = next(self.numbers)
        born: asyncio.Future[Born] = asyncio.get_running_loop().create_future()
        self.expected[number] = born
        asked = {"arguments": list(arguments), "environment": dict(environment)}
        self.say(number=number, log=str(log), **asked)
        return await born

    def say(self, **words: object) -> None:
        self.writer.write(json.dumps(words).encode() + b"\n")

    async def listen(self) -> None:
        """Until the nursery is gone, and with it everybody."""
        while line := await self.reader.readline():
            self._hear(json.loads(line))
        for child in self.children.values():
            child.end(-signal.SIGKILL)

    def _hear(self, told: Mapping[str, Any]) -> None:
        if "born" in told:
            child = self.children[told["pid"]] = Born(self, told["pid"])
            waiting = self.expected.pop(told["born"])
            if waiting.cancelled():  # nobody wants it any more
                child.signal(signal.SIGKILL)
            else:
                waiting.set_result(child)
        elif "stopped" in told:
            self.children[told["stopped"]].stopped.set()
        else:
            self.children.pop(told["ended"]).end(told["code"])


@asynccontextmanager
async def family(nursery: Path) -> AsyncIterator[Family]:
    """None of its children is left afterwards."""
    reader, writer = await asyncio.open_unix_connection(nursery)
    one = Family(reader, writer)
    async with Crew() as crew:
        listening = crew.spawn(one.listen())
        try:
            yield one
        finally:
            writer.close()
            listening.cancel()


@contextmanager
def nursery() -> Iterator[Path]:
    """One that is ready; the way to it."""
    with TemporaryDirectory(prefix="chaos-") as directory:
        path = Path(directory) / "nursery"
        process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "tests.chaos.nursery", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            start_new_session=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"ready\n", os.fspath(path)
            yield path
        finally:
            process.stdin.close()  # which ends it, after its children
            process.wait(20)
            process.stdout.close()
