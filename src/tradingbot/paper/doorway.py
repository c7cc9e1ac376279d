"""Every REST request comes through here: orders are noted down, and faults happen."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeAlias

from aiohttp import web

from tradingbot.kit.crew import every
from tradingbot.paper.accounts import Account
from tradingbot.paper.arrivals import PLACES, Arrival, arrival, exchange_of, note, posts
from tradingbot.paper.fault_lag import before
from tradingbot.paper.fault_play import AFTERWARDS, INSTEAD, Scene, reset
from tradingbot.paper.faults import STREAMS, Fault, FaultControl, On, Rule
from tradingbot.paper.keys import KeyRing
from tradingbot.paper.venue import Venue

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEY_HEADERS = {"binance": "X-MBX-APIKEY", "bybit": "X-BAPI-API-KEY"}
# Seconds between the gateway's two looks at the clock, for the request in hand.
DELAY: ContextVar[float] = ContextVar("delay", default=0.0)
# By how much what it sees lies behind, seconds.
LAG: ContextVar[float] = ContextVar("lag", default=0.0)


class Closing(Exception):  # noqa: N818  # errors are named after what is the case
    """The exchange stops while a request is held."""


class Doorway:
    def __init__(self, venue: Venue, keys: KeyRing, faults: FaultControl) -> None:
        self._venue = venue
        self._keys = keys
        self._faults = faults
        self._closing = asyncio.Event()

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._faults.standing:
            came = arrival(request.method, request.path, request.rel_url.raw_query_string)
            if came is not None and came.on not in STREAMS:
                return await self._meet(request, handler, came)
        elif (request.method, request.path) in PLACES:
            self._note(request, await request.read())
        return await handler(request)

    async def _meet(
        self, request: web.Request, handler: Handler, came: Arrival
    ) -> web.StreamResponse:
        body = await request.read()  # all of it: who leaves now has sent
        struck = self._faults.strike(came.exchange, came.on)
        rule = struck.rule if struck else None
        if came.on is On.PLACE:
            self._note(request, body, rule)
        if rule is None:
            return await handler(request)
        try:
            return await self._harm(request, handler, came, rule)
        except Closing:
            return reset(request)

    async def on_its_way(self, _: object) -> None:
        """For the seam of each gateway between its two looks at the clock."""
        if delay := DELAY.get():
            await self._hold(delay)

    def look(self, account: Account) -> Account:
        """For whoever reads an account: all of it, unless this reader is behind."""
        lag = LAG.get()
        return before(account, self._venue.now() - int(lag * 1000)) if lag else account

    def close(self) -> None:
        """What is held is let go, and will not be executed any more."""
        self._closing.set()

    def _note(self, request: web.Request, body: bytes, rule: Rule | None = None) -> None:
        exchange = exchange_of(request.path)
        key = request.headers.get(KEY_HEADERS[exchange])
        account = self._keys.account_of(key) if key else None
        fault = rule.fault if rule else None
        for post in posts(exchange, request.rel_url.raw_query_string, body):
            note(self._venue, exchange, account, post, fault)

    async def _harm(
        self, request: web.Request, handler: Handler, came: Arrival, rule: Rule
    ) -> web.StreamResponse:
        self._venue.flush()  # that it came is known, whatever becomes of it
        scene = Scene(request, came.exchange, rule, self._venue.now(), self._hold)
        if rule.fault in INSTEAD:
            return await INSTEAD[rule.fault](scene)
        if rule.fault is Fault.LATE:
            await self._deliver_late(request, handler, came.on, rule.seconds)
            return reset(request)
        if rule.fault is Fault.LAG:
            return await _with(LAG, rule.seconds, handler(request))
        answer = await handler(request)
        self._venue.flush()
        return await AFTERWARDS[rule.fault](scene, answer)

    async def _deliver_late(
        self, request: web.Request, handler: Handler, on: On, seconds: float
    ) -> None:
        if on is On.PLACE:
            await _with(DELAY, seconds, handler(request))
        else:
            await self._hold(seconds)
            await handler(request)

    async def _hold(self, seconds: float) -> None:
        if not await every(seconds, self._closing):
            raise Closing


async def _with(
    variable: ContextVar[float], value: float, answering: Awaitable[web.StreamResponse]
) -> web.StreamResponse:
    token = variable.set(value)
    try:
        return await answering
    finally:
        variable.reset(token)
