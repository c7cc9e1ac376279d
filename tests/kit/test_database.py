"""PostgreSQL that lets nobody in has one name on every road, and nobody holds it up for long."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tradingbot.kit.database import Database, DatabaseUnreachable

LOCK = "SELECT pg_advisory_xact_lock(4711)"
STARTING = b"SFATAL\0C57P03\0Mthe database system is starting up\0\0"


@asynccontextmanager
async def starting_up() -> AsyncIterator[str]:
    """A server in the first second of its life: it answers, and sends everybody away."""

    async def turn_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # may we speak TLS?
        writer.write(b"N")
        length = int.from_bytes(await reader.readexactly(4))
        await reader.readexactly(length - 4)
        writer.write(b"E" + (len(STARTING) + 4).to_bytes(4) + STARTING)
        writer.close()

    server = await asyncio.start_server(turn_away, "127.0.0.1", 0)
    async with server:
        yield f"postgresql://me:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/mine"


@pytest.mark.parametrize(
    "road", [Database.begin, Database.reading, Database.driving, Database.asking]
)
async def test_a_server_that_is_starting_up_is_unreachable_by_every_road(
    road: Callable[[Database], AbstractAsyncContextManager[Any]],
) -> None:
    async with starting_up() as url:
        database = Database(url)
        with pytest.raises(DatabaseUnreachable, match="starting up"):
            async with road(database):
                pytest.fail("it let us in")
        await database.close()


@pytest.mark.parametrize("road", [Database.begin, Database.driving])
async def test_who_stands_still_in_a_transaction_is_sent_away_and_holds_up_nobody(
    road: Callable[[Database], AbstractAsyncContextManager[Any]], database_url: str
) -> None:
    idler, other = Database(database_url, idle_seconds_max=0.3), Database(database_url)
    taken = asyncio.Event()
    with pytest.raises(DatabaseUnreachable):
        await _stand_still(road(idler), _take_the_lock(other, taken))
    assert taken.is_set()
    await idler.ping()
    await idler.close()
    await other.close()


async def _stand_still(
    transaction: AbstractAsyncContextManager[Any], until: Coroutine[Any, Any, None]
) -> None:
    async with transaction as connection:
        await _run(connection, LOCK)
        await until
        await _run(connection, LOCK)


async def _take_the_lock(database: Database, taken: asyncio.Event) -> None:
    async with asyncio.timeout(5), database.begin() as connection:
        await _run(connection, LOCK)
        taken.set()


async def _run(connection: Any, sql: str) -> None:
    await connection.execute(text(sql) if isinstance(connection, AsyncConnection) else sql)
