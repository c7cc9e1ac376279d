"""The exchange of one life: one for all its processes, and it outlives them."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeAlias, TypeVar

from tests.fake_manners import Manner
from tests.fake_session import FakeSession
from tests.fakes import FakeExchange
from tests.seeds.loop import OWNER
from tests.seeds.weather import CALM, Weather
from tradingbot.exchanges.ports import (
    Accepted,
    AccountNews,
    Credentials,
    Mode,
    OrderReport,
    OrderRequest,
    PlaceAnswer,
    Price,
    Refused,
    Trade,
)
from tradingbot.trading.order import ON_BOOK

T = TypeVar("T")

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
LATE_SECONDS_MAX = 8.0
ENGINE_SECONDS_MAX = 9.0
DECIDES_SECONDS_MAX = 0.1
REFUSAL = Refused("rate_limited", "-1015", "too many new orders")

Tickers: TypeAlias = dict[str, list[asyncio.Queue[Price | None]]]


def nobody() -> contextvars.Context:
    """Where what is on the wire goes on, whatever becomes of who sent it."""
    context = contextvars.Context()
    context.run(OWNER.set, None)
    return context


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine comes to that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # its own return type
    raise AssertionError(f"{work} waits")


class SeededClock:
    """Simulated time as one host's clock shows it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ahead_ms: int = 0) -> None:
        self._loop = loop
        self._begins = BEGINNING + timedelta(milliseconds=ahead_ms)
        self._as_of: float | None = None

    def now(self) -> datetime:
        seconds = self._loop.time() if self._as_of is None else self._as_of
        return self._begins + timedelta(seconds=seconds)

    @contextmanager
    def as_of(self, seconds: float) -> Iterator[None]:
        self._as_of = seconds
        try:
            yield
        finally:
            self._as_of = None


@dataclass
class Memory:
    """Everything an account was told, and when: what a read replica shows is some way behind."""

    now: Callable[[], float]
    told: dict[str, list[tuple[float, OrderReport]]] = field(default_factory=dict)

    def put_nowait(self, item: AccountNews | None) -> None:
        if isinstance(item, OrderReport):
            past = self.told.setdefault(item.exchange_order_id, [])
            past.append((self.now(), replace(item, trades=())))

    def as_of(self, order_id: str, moment: float) -> OrderReport | None:
        seen = [report for at, report in self.told.get(order_id, ()) if at <= moment]
        return seen[-1] if seen else None


class SeededFake(FakeExchange):
    """One that acknowledges takes its time to decide."""

    def __init__(self, venue: "Venue", manner: Manner) -> None:
        super().__init__(venue.clock, manner=manner)
        self._venue = venue

    def _later(self, act: Callable[[], None]) -> None:
        self._venue.on_the_way += 1
        self._venue.after(self._venue.time_to_decide(), self._now, act)

    def _now(self, act: Callable[[], None]) -> None:
        self._venue.on_the_way -= 1
        act()


def _unheard(account_id: int, request: OrderRequest) -> None:
    """Until somebody wants to know."""


class Venue:
    """`accepted` hears of each order taken in; `on_the_way` counts those that may yet be."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, chance: Random, manner: Manner | None = None
    ) -> None:
        self.loop = loop
        self.chance = chance
        self.weather: Weather = CALM
        self.clock_ahead_ms = chance.choice((0, 0, 700, -400, 30_000))
        self.clock = SeededClock(loop, self.clock_ahead_ms)
        self.fake = SeededFake(self, manner or chance.choice(tuple(Manner)))
        self.nobody = nobody()
        self.on_the_way = 0
        self.tickers: Tickers = {}
        self.streams: list[asyncio.Queue[AccountNews | None]] = []
        self.accepted: Callable[[int, OrderRequest], None] = _unheard
        self._memories: dict[int, Memory] = {}

    def session(self, account_id: int) -> FakeSession:
        if account_id not in self._memories:
            memory = self._memories[account_id] = Memory(self.loop.time)
            self.fake.account(account_id).listeners.append(memory)  # type: ignore[arg-type]  # it is told, and never asked
        return self.fake.session(Credentials(account_id, self.name, Mode.PAPER, "-", "-"))

    @property
    def name(self) -> str:
        return self.fake.manner.value

    def time_to_decide(self) -> float:
        if self.chance.random() < self.weather.engine:
            return self.time_in_engine()
        return self.chance.random() * DECIDES_SECONDS_MAX

    def time_in_engine(self) -> float:
        """Nearer the longest than the shortest: what the fence must stand."""
        return float(ENGINE_SECONDS_MAX * self.chance.random() ** 0.5)

    def after(self, seconds: float, does: Callable[..., object], *args: object) -> None:
        """Later, and nobody's: no crash takes it back."""
        self.loop.call_later(seconds, does, *args, context=self.nobody)

    # --- what happens to it

    def move(self, symbol: str, price: Decimal, quantity: Decimal | None = None) -> None:
        self.fake.move(symbol, price, quantity)
        for ticker in self.tickers.get(symbol, ()):
            ticker.put_nowait(Price(symbol, price))

    def cut_streams(self) -> None:
        """Each opens anew, later, and nothing of what happens in between is told."""
        for stream in self.streams:
            stream.put_nowait(None)
        for tickers in self.tickers.values():
            for ticker in tickers:
                ticker.put_nowait(None)

    # --- what it is asked

    def post(self, account_id: int, request: OrderRequest, answer: Callable[[Any], None]) -> None:
        """Take an order in; it may be a while in the engine before it is decided on."""
        if self.chance.random() < self.weather.refused:
            answer(REFUSAL)
            return
        if self.fake.manner is Manner.DECIDES and self.chance.random() < self.weather.engine:
            arrived = self.loop.time()
            self.on_the_way += 1

            def decide() -> None:
                self.on_the_way -= 1
                answer(self._judged(account_id, request, arrived))

            self.after(self.time_in_engine(), decide)
            return
        answer(self._judged(account_id, request, self.loop.time()))

    def _judged(self, account_id: int, request: OrderRequest, arrived: float) -> PlaceAnswer:
        with self.clock.as_of(arrived):
            answer = at_once(self.session(account_id).place(request))
        if isinstance(answer, Accepted):
            self.accepted(account_id, request)
        return answer

    def shown(self, account_id: int, report: OrderReport | None) -> OrderReport | None:
        """The report as a replica shows it that lags behind; None while it has not heard of it."""
        if report is None or not self.weather.lag_seconds:
            return report
        moment = self.loop.time() - self.weather.lag_seconds
        return self._memories[account_id].as_of(report.exchange_order_id, moment)

    def open_orders(self, account_id: int, symbol: str | None) -> Sequence[OrderReport]:
        if not self.weather.lag_seconds:
            return at_once(self.session(account_id).open_orders(symbol))
        memory = self._memories[account_id]
        moment = self.loop.time() - self.weather.lag_seconds
        then = [memory.as_of(order_id, moment) for order_id in memory.told]
        return [
            report
            for report in then
            if report is not None and report.status in ON_BOOK and symbol in (None, report.symbol)
        ]

    def visible(self, trade: Trade) -> bool:
        return trade.at <= self.clock.now() - timedelta(seconds=self.weather.lag_seconds)
