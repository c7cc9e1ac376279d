"""The paper exchange process."""

import asyncio
import signal
import sys
from collections.abc import Callable

import uvloop

from tradingbot.paper.options import OptionRefused, PaperLimits, PaperOptions
from tradingbot.paper.server import listening

__all__ = ["OptionRefused", "PaperLimits", "PaperOptions", "main", "run"]


async def run(options: PaperOptions, on_ready: Callable[[str], None] | None = None) -> None:
    """Until SIGTERM or SIGINT. Raises OptionRefused for what cannot work."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with listening(options) as exchange:
        sys.stdout.write(f"paper exchange: {exchange.url} ({options.feed})\n")
        if exchange.faults_url is not None:
            sys.stdout.write(f"paper exchange faults: {exchange.faults_url}\n")
        sys.stdout.flush()
        if on_ready is not None:
            on_ready(exchange.url)
        await stop.wait()


def main(options: PaperOptions, on_ready: Callable[[str], None] | None = None) -> None:
    """Exits with 2 and one line when an option cannot work."""
    try:
        uvloop.run(run(options, on_ready))
    except OptionRefused as refused:
        sys.exit(f"paper-exchange: {refused}")
    except OSError as taken:
        sys.exit(f"paper-exchange: {options.host}:{options.port} cannot be used: {taken.strerror}")
