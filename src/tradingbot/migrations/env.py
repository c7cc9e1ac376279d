"""Alembic's way in: the same models, the same driver as the system itself."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from tradingbot.migrations.tables import metadata


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        # Two that start at once: the second waits here and finds the work done.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7419652)")
        context.run_migrations()


async def migrate() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


asyncio.run(migrate())
