"""A restart with 1,000 open orders on 50 accounts: how soon all is known, at what weight."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from time import perf_counter

from bench.report import Result, within
from tests.paper.server import running_paper_exchange
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.bots import repository as bots
from tradingbot.exchanges.ports import Credentials, Mode, OrderRequest
from tradingbot.kit.clock import SystemClock, milliseconds
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Database
from tradingbot.kit.lease import keep_alive
from tradingbot.kit.schema import migrate
from tradingbot.kit.statement import Driver, Row
from tradingbot.ledger.auditor import Auditor
from tradingbot.ledger.balances import open_books
from tradingbot.local.servers import PostgresServer
from tradingbot.orders import repository
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.monitor import Monitor
from tradingbot.orders.ports import Ending
from tradingbot.orders.purse_repository import counted_late, in_flight
from tradingbot.orders.repository import NewOrder
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.service import PREFIX, client_order_id
from tradingbot.orders.sessions import Sessions
from tradingbot.paper.server import PaperExchange
from tradingbot.trading.order import OrderType, Side

ACCOUNTS = 50
ORDERS = 20
FILLED_MEANWHILE = 2  # of each account's orders
SYMBOL = "BTC/USDT"
QUANTITY = Decimal("0.001")
ORDERS_SECONDS = 60.0
# 80 weight an account: what does not fit into this minute's share goes with the next one's.
ACCOUNTS_SECONDS = 75.0
WEIGHT_LIMIT = 6_000
MONITOR = "bench-monitor"

ADD_ACCOUNTS = """
WITH owner AS (
    INSERT INTO users (email, password_hash) VALUES ('bench@example.com', '') RETURNING id
)
INSERT INTO exchange_accounts (user_id, exchange, mode, name, api_key_encrypted,
    api_secret_encrypted, api_key_hint, api_key_fingerprint)
SELECT id, 'binance', 'paper', 'bench ' || n, 'key ' || n, 'secret', '', 'key ' || n
FROM owner, generate_series(1, $1::integer) n RETURNING id, user_id
"""
LEFT = """
SELECT (SELECT count(*) FROM orders WHERE status <> 'filled' AND slot LIKE '%soon') AS unfilled,
    (SELECT count(*) FROM exchange_accounts
        WHERE audit_after IS NULL OR audit_after < now() + interval '30 minutes') AS unaudited,
    (SELECT count(*) FROM exchange_accounts WHERE held_since IS NOT NULL) AS held
"""


class Nobody:
    """Hears of endings and does nothing about them."""

    async def order_ended(self, driver: Driver, order: Order, ending: Ending) -> None: ...

    async def committed(self, order: Order) -> None: ...


@dataclass
class Road:
    """What a process has in hand: new for each, as after a restart."""

    database: Database
    exchanges: CcxtExchanges
    sessions: Sessions
    executor: Executor
    resolver: Resolver


@dataclass
class Scales:
    """The weight of all requests since, by the exchange's own count."""

    used: int = 0


@asynccontextmanager
async def road(database_url: str, paper_url: str) -> AsyncIterator[Road]:
    database, clock = Database(database_url), SystemClock()
    exchanges = CcxtExchanges(paper_url, str, clock)
    try:
        sessions = Sessions(database, exchanges)
        applier = Applier(database, Nobody(), clock)
        executor = Executor(database, sessions, applier, clock)
        resolver = Resolver(database, sessions, executor, applier, clock)
        yield Road(database, exchanges, sessions, executor, resolver)
    finally:
        await exchanges.close()
        await database.close()


async def measure() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        server = PostgresServer(Path(directory), durable=True)
        await server.start()
        try:
            await migrate(server.url)
            async with running_paper_exchange(Path(directory), prints_per_second=0.0) as paper:
                return await _measure(server.url, paper)
        finally:
            await server.stop()


async def _measure(database_url: str, paper: PaperExchange) -> list[Result]:
    await rest_orders(database_url, paper)
    # At the start of a minute there is the least room until it is over: that minute's.
    await asyncio.sleep(60 - paper.venue.now() / 1000 % 60)
    return await restarted(database_url, paper)


async def restarted(database_url: str, paper: PaperExchange) -> list[Result]:
    """A monitor that finds all of it as if it had just been started."""
    scales = _weigh(paper)
    async with road(database_url, paper.url) as after, Crew() as crew:
        monitor = Monitor(
            MONITOR,
            after.database,
            after.sessions,
            after.executor,
            after.resolver,
            crew,
            SystemClock(),
            Auditor(after.database, SystemClock(), in_flight, counted_late, bots.names),
        )
        stopped, begun = asyncio.Event(), perf_counter()
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_alive(after.database, MONITOR, "bench", stopped))
            group.create_task(monitor.run(stopped))
            results = [
                await _when(after, scales, begun, ORDERS_SECONDS, _compared(monitor)),
                await _when(after, scales, begun, ACCOUNTS_SECONDS, _audited),
            ]
            stopped.set()
    return results


async def rest_orders(database_url: str, paper: PaperExchange) -> None:
    """On every account; then some are filled, and one of ours our books, as if restored, lack."""
    async with road(database_url, paper.url) as before:
        async with before.database.asking() as driver:
            accounts = await driver.fetch(ADD_ACCOUNTS, ACCOUNTS)
        async with asyncio.TaskGroup() as group:
            for account in accounts:
                group.create_task(_rest(before, paper, account))
        key = Credentials(accounts[0]["id"], "binance", Mode.PAPER, "key 1", "secret")
        await before.exchanges.session(key).place(_unknown(paper))
    price = paper.venue.halls[SYMBOL].tape.last * Decimal("0.97")
    paper.venue.print(SYMBOL, price, Decimal(1_000), paper.venue.now(), buyer_is_maker=True)


async def _rest(before: Road, paper: PaperExchange, account: Row) -> None:
    session = await before.sessions.of(account["id"])
    balances = await session.balances()
    async with before.database.begin() as connection:
        await open_books(connection, account["id"], balances)
    last = paper.venue.halls[SYMBOL].tape.last
    for number in range(ORDERS):
        soon = number < FILLED_MEANWHILE
        slot = f"{number} {'soon' if soon else 'late'}"
        new = NewOrder(
            user_id=account["user_id"],
            bot_id=account["id"],
            account_id=account["id"],
            symbol=SYMBOL,
            slot=slot,
            round=0,
            origin="bot",
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=QUANTITY,
            price=_price(last * (Decimal("0.98") if soon else Decimal("0.8"))),
            client_order_id=client_order_id(f"bot {account['id']}", slot, 0),
            reason="bench",
        )
        # Past the books: what is measured is how soon they are compared.
        await before.executor.place_new(account["id"], partial(_planned, new), lambda: True)


async def _planned(new: NewOrder, driver: Driver, sign_ms: int, window_ms: int) -> Order | None:
    return await repository.plan_to_send(driver, new, sign_ms, window_ms)


def _unknown(paper: PaperExchange) -> OrderRequest:
    return OrderRequest(
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=QUANTITY,
        price=_price(paper.venue.halls[SYMBOL].tape.last * Decimal("0.8")),
        client_order_id=f"{PREFIX}unknown",
        sign_timestamp_ms=milliseconds(SystemClock().now()),
        recv_window_ms=5_000,
    )


def _price(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"))


def _weigh(paper: PaperExchange) -> Scales:
    scales, spend = Scales(), paper.gateway.limiter.spend

    def weighed(address: str, weight: int, now: int) -> int:
        scales.used += weight
        return spend(address, weight, now)

    paper.gateway.limiter.spend = weighed  # type: ignore[method-assign]  # to look on
    return scales


def _compared(monitor: Monitor) -> Callable[[Row], bool]:
    """Every account's orders and trades, everything that was filled, and what is unknown."""

    def so(left: Row) -> bool:
        watches = monitor._watches.values()  # noqa: SLF001  # to look on
        known = (left["unfilled"], left["held"]) == (0, 1)
        return known and len(watches) == ACCOUNTS and all(watch.compared for watch in watches)

    return so


def _audited(left: Row) -> bool:
    """Also every market where an account should have nothing."""
    return int(left["unaudited"]) == 0


async def _when(
    after: Road, scales: Scales, begun: float, limit: float, so: Callable[[Row], bool]
) -> Result:
    while True:
        async with after.database.asking() as driver:
            left = await driver.fetchrow(LEFT)
        assert left is not None
        if so(left):
            break
        await asyncio.sleep(0.05)
    note = f"{ACCOUNTS} accounts × {ORDERS} orders; weight {scales.used} of {WEIGHT_LIMIT} a minute"
    name = "restart_accounts_audited" if so is _audited else "restart_orders_compared"
    return within(name, perf_counter() - begun, "s", limit, f"≤ {limit:.0f} s", note)
