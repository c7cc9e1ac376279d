"""What a process that trades has besides: the road of orders, and those who work along it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.adapters.redis_budget import RedisBudget
from tradingbot.bots import repository as bots
from tradingbot.bots.inbox import Inbox
from tradingbot.bots.runner import Runner
from tradingbot.bots.worker import Worker
from tradingbot.kit.crew import Crew
from tradingbot.ledger.auditor import Auditor
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.monitor import Monitor
from tradingbot.orders.purse_repository import counted_late, in_flight
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.sessions import Sessions
from tradingbot.wiring.foundation import Foundation

SENT_AT_ONCE_MAX = 32
STEPS_AT_ONCE_MAX = 8


@dataclass(frozen=True)
class OrderPath:
    """From a planned order to the exchange, and back."""

    exchanges: CcxtExchanges
    sessions: Sessions
    applier: Applier
    executor: Executor
    resolver: Resolver
    crew: Crew


@asynccontextmanager
async def order_path(base: Foundation) -> AsyncIterator[OrderPath]:
    budget = RedisBudget(base.settings.redis_url, base.worker_id)
    exchanges = CcxtExchanges(
        paper_url=base.settings.paper_exchange_url or None,
        open_secret=base.vault.open,
        clock=base.clock,
        budget=budget,
    )
    sessions = Sessions(base.database, exchanges)
    applier = Applier(base.database, Inbox(base.doorbell, base.relay.nudge), base.clock)
    executor = Executor(base.database, sessions, applier, base.clock)
    resolver = Resolver(base.database, sessions, executor, applier, base.clock)
    try:
        async with Crew(finish_seconds=0) as beside, Crew(SENT_AT_ONCE_MAX) as crew:
            beside.spawn(budget.run())
            yield OrderPath(exchanges, sessions, applier, executor, resolver, crew)
    finally:
        await exchanges.close()
        await budget.close()


def monitor(base: Foundation, path: OrderPath) -> Monitor:
    return Monitor(
        base.worker_id,
        base.database,
        path.sessions,
        path.executor,
        path.resolver,
        path.crew,
        base.clock,
        Auditor(base.database, base.clock, in_flight, counted_late, bots.names),
    )


@asynccontextmanager
async def bot_worker(
    base: Foundation, path: OrderPath, strategies: Sequence[str]
) -> AsyncIterator[Worker]:
    async with Crew(STEPS_AT_ONCE_MAX) as stepping:
        yield Worker(
            base.worker_id,
            strategies,
            base.database,
            path.exchanges,
            Runner(base.worker_id, base.database, base.clock),
            path.executor,
            base.doorbell,
            stepping,
            path.crew,
        )
