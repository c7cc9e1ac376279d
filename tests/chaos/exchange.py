"""The paper exchange as a process of its own, with a hand on its market."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from tradingbot.kit.process import stop_when_told
from tradingbot.paper.options import PaperLimits, PaperOptions
from tradingbot.paper.server import PaperExchange, listening


class Hand:
    """Moves the market from outside: a trade when asked for, or none at all any more."""

    def __init__(self, paper: PaperExchange) -> None:
        self._venue = paper.venue
        self._options = paper.options

    async def print(self, request: web.Request) -> web.Response:
        """{symbol, price, quantity}: the market trades there."""
        asked = await request.json()
        hall = self._venue.halls[asked["symbol"]]
        price, quantity = Decimal(asked["price"]), Decimal(asked["quantity"])
        below = price < hall.tape.last
        self._venue.print(asked["symbol"], price, quantity, hall.tape.at + 1, buyer_is_maker=below)
        self._venue.flush()
        return web.Response()

    async def pace(self, request: web.Request) -> web.Response:
        """{prints_per_second}: as many from now on; 0 is quiet."""
        asked = await request.json()
        # Frozen for everybody else, and read anew by the market at every beat.
        object.__setattr__(self._options, "prints_per_second", float(asked["prints_per_second"]))
        return web.Response()


def options_of(text: str) -> tuple[PaperOptions, int]:
    """As the command line had them in one JSON object, and the port of the hand."""
    asked: dict[str, Any] = json.loads(text)
    port = asked.pop("hand_port")
    asked["data_dir"] = Path(asked["data_dir"])
    asked["limits"] = PaperLimits(**asked.get("limits", {}))
    if "balances" in asked:
        asked["balances"] = {coin: Decimal(free) for coin, free in asked["balances"].items()}
    return PaperOptions(**asked), port


@asynccontextmanager
async def held(paper: PaperExchange, port: int) -> AsyncIterator[None]:
    hand = Hand(paper)
    app = web.Application()
    app.router.add_post("/print", hand.print)
    app.router.add_post("/pace", hand.pace)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


async def serve(text: str) -> None:
    stopped: asyncio.Event = stop_when_told()
    options, port = options_of(text)
    async with listening(options) as paper, held(paper, port):
        await stopped.wait()


def main(text: str) -> None:
    uvloop.run(serve(text))
