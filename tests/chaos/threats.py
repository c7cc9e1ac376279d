"""What hangs over a process that was started to die: wrapped round the program from outside."""

import asyncio
import inspect
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import wraps
from importlib import import_module
from pathlib import Path
from random import Random
from time import time_ns
from typing import Any

from aiohttp.client_reqrep import ClientResponse
from aiohttp.http_writer import StreamWriter

from tests.chaos.points import CANCELLING, PLACE, PLACING, Counts, Moment, Place, Point

DURING_SECONDS_MAX = 0.003


@dataclass(slots=True)
class Threat:
    """What hangs over a process: at each passing of the point it may strike, but only once."""

    point: Point
    process: str
    share: float
    chance: Random
    note: Path
    struck: bool = field(default=False, init=False)

    def due(self) -> bool:
        return not self.struck and self.chance.random() < self.share

    def strike(self) -> None:
        self.struck = True
        words = {"point": self.point.name, "process": self.process, "pid": os.getpid()}
        line = json.dumps(words | {"at": time_ns() // 1_000_000}) + "\n"
        with self.note.open("a") as file:  # one write, whole before the end
            file.write(line)
        os.kill(os.getpid(), self.point.signal)

    def arm(self) -> None:
        """Wrap what the point names. Raises LookupError when it is not there."""
        place = self.point.places.get(self.process)
        if place is None:
            raise LookupError(f"{self.process} never comes to {self.point.name}")
        if place.moment in COROUTINES:
            owner, name = find(place.target)
            wrap = COROUTINES[place.moment]
            setattr(owner, name, wrap(getattr(owner, name), self, place.counts))
        elif place.moment is Moment.HEADED:
            _arm_answers(self)
        else:
            _arm_requests(self, place)


def find(target: str) -> tuple[Any, str]:
    """Where `module:name` or `module:Class.name` stands, and its last name."""
    module, _, path = target.partition(":")
    owner: Any = import_module(module)
    *within, name = path.split(".")
    for step in within:
        owner = getattr(owner, step, None)
    if not inspect.iscoroutinefunction(getattr(owner, name, None)):
        raise LookupError(f"there is no coroutine function {target}")
    return owner, name


def _before(call: Any, threat: Threat, counts: Counts) -> Any:
    @wraps(call)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if counts(arguments, None) and threat.due():
            threat.strike()
        return await call(*arguments, **named)

    return wrapped


def _during(call: Any, threat: Threat, counts: Counts) -> Any:
    @wraps(call)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        if not (counts(arguments, None) and threat.due()):
            return await call(*arguments, **named)
        begun = asyncio.ensure_future(call(*arguments, **named))
        await asyncio.wait({begun}, timeout=threat.chance.uniform(0, DURING_SECONDS_MAX))
        threat.strike()
        return await begun

    return wrapped


def _after(call: Any, threat: Threat, counts: Counts) -> Any:
    @wraps(call)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        result = await call(*arguments, **named)
        if counts(arguments, result) and threat.due():
            threat.strike()
        return result

    return wrapped


COROUTINES = {Moment.BEFORE: _before, Moment.DURING: _during, Moment.AFTER: _after}


def _arm_requests(threat: Threat, place: Place) -> None:
    starts = PLACING if place.target == PLACE else CANCELLING
    write = StreamWriter._write  # every byte of a request goes through it

    def written(self: StreamWriter, chunk: Any) -> None:
        sent = bytes(chunk)
        if sent.startswith(starts) and self.transport is not None and threat.due():
            end = len(sent) // 2 if place.moment is Moment.HALF_SENT else len(sent)
            # Past the loop's own buffer: what is written here has left when the process dies.
            os.write(self.transport.get_extra_info("socket").fileno(), sent[:end])
            threat.strike()
        write(self, chunk)

    def lines_written(self: StreamWriter, chunks: Iterable[Any]) -> None:
        written(self, b"".join(chunks))

    StreamWriter._write = written  # type: ignore[method-assign]  # see `write`
    StreamWriter._writelines = lines_written  # type: ignore[method-assign]  # too


def _arm_answers(threat: Threat) -> None:
    start = ClientResponse.start

    async def started(self: ClientResponse, connection: Any) -> ClientResponse:
        begun = await start(self, connection)
        asked = f"{self.method} {self.url.raw_path} ".encode()
        if asked.startswith(PLACING) and threat.due():
            threat.strike()
        return begun

    ClientResponse.start = started  # type: ignore[method-assign]  # undone by the process's end
