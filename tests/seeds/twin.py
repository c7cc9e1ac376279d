"""A real PostgreSQL whose present moment can be set: what the one in memory is held against."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.seeds.shapes import Row, shapes
from tradingbot.kit.database import Database
from tradingbot.kit.statement import Driver
from tradingbot.migrations.tables import metadata

# What the simulation decides is looked for here first, by statements and by columns' defaults.
PRESENT = """
CREATE SCHEMA present;
CREATE FUNCTION present.pg_postmaster_start_time() RETURNS timestamptz STABLE LANGUAGE sql AS
    $$ SELECT '2026-01-01T00:00:00Z'::timestamptz $$;  -- as functions.SERVER_STARTED
CREATE FUNCTION present.now() RETURNS timestamptz STABLE LANGUAGE sql AS
    $$ SELECT current_setting('present.now')::timestamptz $$;
DO $$
DECLARE place record;
BEGIN
    FOR place IN
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND column_default = 'now()'
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I SET DEFAULT present.now()',
                       place.table_name, place.column_name);
    END LOOP;
END $$;
"""
PATH = "SET search_path = present, pg_catalog, public"


@asynccontextmanager
async def twin(database_url: str) -> AsyncIterator["Twin"]:
    database = Database(database_url, connections_max=1)
    try:
        async with database.asking() as driver:
            await _execute(driver, PRESENT)
            await _execute(driver, PATH)
        yield Twin(database)
    finally:
        await database.close()


class Twin:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def set_present(self, now: datetime) -> None:
        async with self.database.asking() as driver:
            await driver.fetch("SELECT set_config('present.now', $1, false)", now.isoformat())

    async def put(self, table: str, row: Row) -> None:
        async with self.database.begin() as connection:
            await connection.execute(insert(metadata.tables[table]).values(row))

    async def tables(self) -> dict[str, list[Row]]:
        async with self.database.begin() as connection:
            return {name: await _rows(connection, name) for name in shapes()}

    async def empty(self) -> None:
        names = ", ".join(shapes())
        async with self.database.asking() as driver:
            await _execute(driver, f"TRUNCATE {names} RESTART IDENTITY CASCADE")


async def _rows(connection: AsyncConnection, name: str) -> list[Row]:
    table = metadata.tables[name]
    rows = await connection.execute(table.select().order_by(*table.primary_key.columns))
    return [dict(row) for row in rows.mappings()]


async def _execute(driver: Driver, script: str) -> None:
    run: Any = driver.execute  # type: ignore[attr-defined]  # asyncpg's own, for scripts
    await run(script)
