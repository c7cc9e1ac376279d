"""A worker that holds many running grids, claimed from a real database, in a calm market."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import asyncpg

from tests.fakes import BTC_USDT, FakeExchange
from tests.system.running import until
from tradingbot.bots import codec
from tradingbot.bots.inbox import Inbox
from tradingbot.bots.runner import Runner
from tradingbot.bots.walk import Walk, dump_watches, walk
from tradingbot.bots.worker import Worker
from tradingbot.exchanges.ports import Price
from tradingbot.kit.clock import SystemClock
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Database
from tradingbot.kit.lease import keep_alive
from tradingbot.kit.schema import migrate
from tradingbot.local.servers import PostgresServer
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.sessions import Sessions
from tradingbot.strategies.grid import Grid
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_state import START
from tradingbot.trading.event import OrderFilled, Started
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import Execution
from tradingbot.trading.risk import Limits

SYMBOL = BTC_USDT.symbol
PRICE = Decimal(60_000)
# Every range lies around the band the price stays in: no tick crosses anybody's price.
CALM = [PRICE + step for step in range(-200, 200)]
SHAPES = 32
LINES = 50
WORKER = "bench"
NOW = datetime(2026, 1, 1, tzinfo=UTC)

ADD_OWNER = """
WITH owner AS (
    INSERT INTO users (email, password_hash) VALUES ('bench@example.com', '') RETURNING id
)
INSERT INTO exchange_accounts (user_id, exchange, mode, name, api_key_encrypted,
    api_secret_encrypted, api_key_hint, api_key_fingerprint)
SELECT id, 'binance', 'paper', 'bench', '', '', '', '' FROM owner RETURNING user_id, id
"""
ADD_BOT = """
INSERT INTO bots (uid, user_id, account_id, name, exchange, strategy, symbol, mode, params, wanted,
    status, state, watches, steps_taken)
VALUES ($1, $2, $3, $1, 'binance', 'grid', $4, 'paper', $5, 'running', $6, $7, $8, 2)
"""
HELD = "SELECT count(*) FROM bots WHERE worker_id IS NOT NULL"


class Silence:
    """kit.queue.Doorbell that nobody rings."""

    async def ring(self, channel: str, body: str) -> None:
        """Nobody listens."""

    async def listen(self, channel: str) -> AsyncGenerator[str | None]:
        yield None
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing is open."""


class Ticks:
    """A feed that gives as many prices as it is told, at once, and times how they are taken."""

    def __init__(self) -> None:
        self._prices = [Price(SYMBOL, price) for price in CALM]
        self._left = 0
        self._go = asyncio.Event()
        self._taken = asyncio.Event()
        self._started = self._ended = 0.0
        self._over = False

    def __aiter__(self) -> "Ticks":
        return self

    async def __anext__(self) -> Price:
        if self._left == 0:
            self._ended = perf_counter()
            self._taken.set()
            await self._go.wait()
            self._go.clear()
            if self._over:
                raise StopAsyncIteration
            self._started = perf_counter()
        self._left -= 1
        return self._prices[self._left % len(self._prices)]

    async def seconds(self, count: int) -> float:
        """How long the listener takes for so many."""
        self._left = count
        self._taken.clear()
        self._go.set()
        await self._taken.wait()
        return self._ended - self._started

    def end(self) -> None:
        """No more prices: the listener goes, too."""
        self._over = True
        self._go.set()


class CalmExchange(FakeExchange):
    def __init__(self) -> None:
        super().__init__()
        self.ticks = Ticks()

    @asynccontextmanager
    async def prices(self, symbol: str) -> AsyncIterator[AsyncIterator[Price]]:
        yield self.ticks


def running_grid(params: GridParams) -> Walk:
    """Where a grid stands once its start order is filled."""
    grid = Grid()
    limits = Limits(BTC_USDT, PRICE, grid.order_value_max(params))
    begun = Walk(grid.begin(params), {})
    led = walk(grid, params, begun, [Started(NOW, BTC_USDT, PRICE)], limits)
    bought = next(place for place in led.places if place.slot == START)
    fee = bought.quantity * BTC_USDT.taker_fee
    execution = Execution(bought.quantity, bought.quantity * PRICE, fee, ZERO)
    filled = OrderFilled(NOW, bought.slot, bought.round, execution)
    return walk(grid, params, led, [filled], limits)


def rows(count: int, owner: int, account: int, status: str) -> list[tuple[object, ...]]:
    shapes = []
    for number in range(SHAPES):
        away = Decimal(12_000 + 100 * number)
        params = GridParams(
            lower=PRICE - away, upper=PRICE + away, lines=LINES, investment=Decimal(10_000)
        )
        grown = running_grid(params)
        assert grown.watches
        shapes.append(
            (
                SYMBOL,
                params.model_dump_json(),
                status,
                codec.dump(grown.state),
                json.dumps(dump_watches(grown.watches)),
            )
        )
    return [
        (f"{status} {number}", owner, account, *shapes[number % SHAPES]) for number in range(count)
    ]


async def database_with(server_url: str, running: int, stopped: int = 0) -> str:
    """The address of a fresh database with so many grids in it."""
    name = f"bots_{running}_{stopped}"
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        owner, account = await connection.fetchrow(ADD_OWNER)
        for count, status in ((running, "running"), (stopped, "stopped")):
            if count:
                await connection.executemany(ADD_BOT, rows(count, owner, account, status))
    finally:
        await connection.close()
    return url


@asynccontextmanager
async def postgres(directory: Path) -> AsyncIterator[PostgresServer]:
    server = PostgresServer(directory, durable=False)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def working(database_url: str) -> AsyncIterator[CalmExchange]:
    """A real worker on that database; the exchange it trades on is given out."""
    exchange, clock, doorbell = CalmExchange(), SystemClock(), Silence()
    database = Database(database_url)
    sessions = Sessions(database, exchange)
    applier = Applier(database, Inbox(doorbell, lambda: None), clock)
    executor = Executor(database, sessions, applier, clock)
    runner = Runner(WORKER, database, clock)
    stopped = asyncio.Event()
    try:
        async with Crew() as stepping, Crew() as sending, asyncio.TaskGroup() as group:
            worker = Worker(
                WORKER, ["grid"], database, exchange, runner, executor, doorbell, stepping, sending
            )
            group.create_task(keep_alive(database, WORKER, "bot-worker", stopped))
            group.create_task(worker.run(stopped))
            yield exchange
            stopped.set()
            exchange.ticks.end()
    finally:
        await database.close()


async def until_held(database_url: str, count: int, seconds: float = 60) -> None:
    """Return once the worker holds so many bots."""
    connection = await asyncpg.connect(database_url)

    async def held() -> bool:
        found = await connection.fetchval(HELD)
        return bool(found == count)

    try:
        await until(held, seconds, f"{count} bots held")
    finally:
        await connection.close()
    await asyncio.sleep(0.5)  # committed; now they are being armed
