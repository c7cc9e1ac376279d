"""The life of a process: run until told to stop, finish what is in hand, end well."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run `work`; the event it is given is set when the process is told to stop.

    What it raises leaves here: the command line turns a Fact into one clear line.
    """

    async def until_done() -> None:
        await work(stop_when_told())

    uvloop.run(until_done())


def stop_when_told() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set. Call it inside the loop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stopping.set)
    return stopping
