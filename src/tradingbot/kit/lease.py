"""Who is alive: a worker shows itself, and what a silent one held may be taken by others."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import Column, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.selectable import ScalarSelect

from tradingbot.kit.crew import every
from tradingbot.kit.database import Connection, Database, DatabaseUnreachable, Moment, metadata

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


async def show_alive(connection: Connection, worker_id: str, kind: str) -> None:
    """One row a worker, however much it holds: renewing costs the same for one bot or 10,000."""
    until = func.now() + LEASE
    statement = insert(workers).values(id=worker_id, kind=kind, alive_until=until)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"alive_until": until})
    )


async def leave(connection: Connection, worker_id: str) -> None:
    await connection.execute(delete(workers).where(workers.c.id == worker_id))


async def forget_dead(connection: Connection) -> None:
    await connection.execute(
        delete(workers).where(workers.c.alive_until < func.now() - timedelta(hours=1))
    )


def alive() -> ScalarSelect[str]:
    """The ids of workers that showed themselves in time, as a subquery."""
    return select(workers.c.id).where(workers.c.alive_until > func.now()).scalar_subquery()


async def keep_alive(database: Database, worker_id: str, kind: str, stopped: asyncio.Event) -> None:
    """Show it until stopped, then leave at once, so that nobody waits for the lease to end.

    While PostgreSQL is away nothing can be held or taken: the fencing tokens decide afterwards.
    """
    while True:
        with suppress(DatabaseUnreachable):
            async with database.begin() as connection:
                await show_alive(connection, worker_id, kind)
        if not await every(RENEW_SECONDS, stopped):
            break


async def goodbye(database: Database, worker_id: str) -> None:
    with suppress(DatabaseUnreachable):
        async with database.begin() as connection:
            await leave(connection, worker_id)
            await forget_dead(connection)
