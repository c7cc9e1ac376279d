"""The door where faults are ordered: a second port, for whoever is on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from aiohttp import web

from tradingbot.paper.fault_rules import RuleRefused, read_rules
from tradingbot.paper.fault_streams import StreamFaults
from tradingbot.paper.faults import FaultControl
from tradingbot.paper.options import OptionRefused
from tradingbot.paper.venue import Venue

LOOPBACK = "127.0.0.1"  # wherever the exchange itself listens


class FaultDoor:
    def __init__(self, faults: FaultControl, venue: Venue, streams: StreamFaults) -> None:
        self._faults = faults
        self._venue = venue
        self._streams = streams

    async def replace(self, request: web.Request) -> web.Response:
        """{seed, rules: [{on, fault, exchange, share, seconds, status, times}]}: instead of all."""
        try:
            seed, rules = read_rules(await request.read())
        except RuleRefused as refused:
            return _json({"error": str(refused), "field": refused.field}, 422)
        self._faults.replace(seed, rules)
        self._obey()
        return _json(self._faults.report())

    async def read(self, _: web.Request) -> web.Response:
        return _json(self._faults.report())

    async def clear(self, _: web.Request) -> web.Response:
        self._faults.clear()
        self._obey()
        return _json(self._faults.report())

    def _obey(self) -> None:
        """What is not done request by request."""
        self._venue.clock_offset = self._faults.clock_offset_ms
        self._streams.begin()


@asynccontextmanager
async def serving_faults(
    port: int | None, faults: FaultControl, venue: Venue, streams: StreamFaults
) -> AsyncIterator[str | None]:
    """Its address; None when no port was asked for. Raises OptionRefused when it is taken."""
    if port is None:
        yield None
        return
    door = FaultDoor(faults, venue, streams)
    app = web.Application()
    app.router.add_post("/faults", door.replace)
    app.router.add_get("/faults", door.read)
    app.router.add_delete("/faults", door.clear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await _listen(runner, port)
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, LOOPBACK, port).start()
    except OSError as taken:
        raise OptionRefused(f"fault_port: {port} cannot be used: {taken.strerror}") from taken


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
