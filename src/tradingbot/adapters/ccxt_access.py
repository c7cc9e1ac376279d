"""What all accounts on one exchange and mode share: sockets, limits, the market list, its clock."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import aiohttp
import certifi

from tradingbot.adapters.ccxt_clock import ExchangeClock
from tradingbot.adapters.ccxt_dialect import Dialect, Listing
from tradingbot.adapters.ccxt_errors import Answered, failure
from tradingbot.adapters.ccxt_limits import Limits, Urgency
from tradingbot.adapters.ccxt_wire import Hearing, Keys, Wire, told
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Mode
from tradingbot.kit.budget import Budget
from tradingbot.kit.clock import Clock
from tradingbot.kit.crew import Crew
from tradingbot.kit.log import logger

Answer = TypeVar("Answer")

LISTING_SECONDS_MAX = 3_600.0
LISTING_RETRY_SECONDS = 60.0

log = logger(__name__)


class Access:
    """Made on first use, inside the running loop. `ask` is the way every query goes."""

    def __init__(
        self, dialect: Dialect, mode: Mode, paper_url: str | None, clock: Clock, budget: Budget
    ) -> None:
        self.dialect = dialect
        self.closed = False
        self._crew = Crew(finish_seconds=0)
        self.clock = ExchangeClock(
            f"{dialect.name} {mode}", self._ask_time, clock, self._crew.spawn
        )
        place = f"{dialect.name}:{mode}"
        self.limits = Limits(budget, place, dialect.weight_window_ms, self.clock.now_ms)
        self._listing: Listing | None = None
        self._listing_until = 0.0
        self._listing_lock = asyncio.Lock()
        # Paper speaks plain HTTP; a context costs 20 ms.
        secure = mode is not Mode.PAPER
        context = ssl.create_default_context(cafile=certifi.where()) if secure else False
        # Every account's stream is a connection: no limit but the exchange's.
        connector = aiohttp.TCPConnector(limit=0, ssl=context)
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        )
        hearing = Hearing(headers=self._heard, now_ms=self.clock.now_ms)
        self.wire: Wire = dialect.wire(mode, paper_url, self._session, hearing)
        self.wire.ssl_context = context  # else ccxt makes one for every account
        self.wire.open()

    def wire_for(self, keys: Keys | None) -> Wire:
        return self.wire.for_account(keys)

    async def limits_known(self) -> None:
        """The limits come with the market list; after that nobody waits for it."""
        if self._listing is None:
            await self.listing()

    async def listing(self, *, newer_than: Listing | None = None) -> Listing:
        """The markets, an hour old if the exchange answers; `newer_than` one that lacked one."""
        async with self._listing_lock:
            known = self._listing
            if known is None or known is newer_than or time.monotonic() >= self._listing_until:
                known = await self._load_listing(known)
        return known

    async def _load_listing(self, known: Listing | None) -> Listing:
        weight = self.dialect.weights.markets
        try:
            fresh = await self.public(
                weight, lambda: self.dialect.listing(self.wire), first=known is None
            )
        except ExchangeUnreachable:
            if known is None:
                raise
            self._listing_until = time.monotonic() + LISTING_RETRY_SECONDS
            return known
        self._listing = fresh
        self._listing_until = time.monotonic() + LISTING_SECONDS_MAX
        self.limits.adopt(fresh.weight_limit, fresh.orders_by_ms)
        return fresh

    async def ask(
        self,
        weight: int,
        call: Callable[[], Awaitable[Answer]],
        urgency: Urgency = Urgency.QUERY,
        *,
        first: bool = False,
    ) -> Answer:
        """One query. Raises Answered as it is; ExchangeUnreachable when nothing came.

        `first`: asked before the limits are known, so nobody's use of them stands in its way.
        """
        if self.closed:
            raise ExchangeUnreachable("the connection to the exchange is closed")
        if first:
            await self.limits.take_first(weight)
        else:
            await self.limits.take(weight, urgency)
        try:
            return await call()
        except Answered:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a broken answer makes of a parser
            # Without its cause: that one's words hold the URL, and the URL the signature.
            raise ExchangeUnreachable(f"the exchange did not answer: {told(error)}") from None

    async def public(
        self,
        weight: int,
        call: Callable[[], Awaitable[Answer]],
        urgency: Urgency = Urgency.QUERY,
        *,
        first: bool = False,
    ) -> Answer:
        """As `ask`, for what needs no key: every failure is named."""
        try:
            return await self.ask(weight, call, urgency, first=first)
        except Answered as answer:
            raise failure(self.dialect.codes, answer) from None

    async def close(self) -> None:
        self.closed = True
        await self._crew.close()
        await self._session.close()

    async def _ask_time(self) -> int:
        return await self.public(
            self.dialect.weights.time,
            lambda: self.dialect.time_ms(self.wire),
            Urgency.RESCUE,  # a cancel may wait for it
            first=self._listing is None,
        )

    def _heard(
        self, account_id: int | None, method: str, status: int, headers: Mapping[str, str]
    ) -> None:
        usage = self.dialect.usage(status, headers)
        if usage.weight is not None:
            self.limits.weight_seen(usage.weight)
        if usage.pause_seconds and self.limits.pause(usage.pause_seconds):
            log.error(
                "exchange_wants_quiet",
                exchange=self.dialect.name,
                status=status,
                seconds=usage.pause_seconds,
            )
        if account_id is not None and method == "POST" and usage.orders_by_ms:
            self.limits.orders_seen(account_id, usage.orders_by_ms)
