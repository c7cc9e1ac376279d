"""Who is alive: a worker shows itself, and what a silent one held may be taken by others."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Column, Table, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.selectable import ScalarSelect

from tradingbot.kit.crew import every
from tradingbot.kit.database import Database, DatabaseUnreachable, Moment, metadata
from tradingbot.kit.statement import Driver, Statement

LEASE = timedelta(seconds=8)
RENEW_SECONDS = 2.0

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("alive_until", Moment, nullable=False),
    Column("started_at", Moment, nullable=False, server_default=func.now()),
)


UNTIL = func.now() + LEASE
SHOW_ALIVE = Statement(
    insert(workers)
    .values(id=bindparam("id"), kind=bindparam("kind"), alive_until=UNTIL)
    .on_conflict_do_update(index_elements=["id"], set_={"alive_until": UNTIL})
)
LEAVE = Statement(delete(workers).where(workers.c.id == bindparam("id")))
FORGET_DEAD = Statement(
    delete(workers).where(workers.c.alive_until < func.now() - timedelta(hours=1))
)


async def show_alive(driver: Driver, worker_id: str, kind: str) -> None:
    """One row a worker, however much it holds: renewing costs the same for one bot or 10,000."""
    await SHOW_ALIVE.run(driver, id=worker_id, kind=kind)


async def leave(driver: Driver, worker_id: str) -> None:
    await LEAVE.run(driver, id=worker_id)


async def forget_dead(driver: Driver) -> None:
    await FORGET_DEAD.run(driver)


def alive() -> ScalarSelect[str]:
    """The ids of workers that showed themselves in time, as a subquery."""
    return select(workers.c.id).where(workers.c.alive_until > func.now()).scalar_subquery()


async def keep_alive(database: Database, worker_id: str, kind: str, stopped: asyncio.Event) -> None:
    """Show it until stopped, then leave at once, so that nobody waits for the lease to end.

    While PostgreSQL is away nothing can be held or taken: the fencing tokens decide afterwards.
    """
    while True:
        with suppress(DatabaseUnreachable):
            async with database.asking() as driver:
                await show_alive(driver, worker_id, kind)
        if not await every(RENEW_SECONDS, stopped):
            break


async def goodbye(database: Database, worker_id: str) -> None:
    with suppress(DatabaseUnreachable):
        async with database.driving() as driver:
            await leave(driver, worker_id)
            await forget_dead(driver)
