"""PostgreSQL that does not let anybody in is one thing by one name, on every road to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from tradingbot.kit.database import Database, DatabaseUnreachable

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
