"""A line passes on what is said, breaks when it is cut, and keeps everything back when silenced."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.lines import Line

WORD = b"word\n"


@asynccontextmanager
async def echo() -> AsyncIterator[str]:
    async def say_again(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.readline():
            writer.write(said)
        writer.close()

    server = await asyncio.start_server(say_again, "127.0.0.1", 0)
    async with server:
        yield f"redis://:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/0"


@asynccontextmanager
async def mended() -> AsyncIterator[Line]:
    async with echo() as url:
        line = Line(url)
        await line.mend()
        try:
            yield line
        finally:
            await line.close()


async def connected(line: Line) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    port = int(line.url.rpartition(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(WORD)
    return reader, writer


async def broken(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.readline() == b""
    except ConnectionError:
        return True


async def test_it_passes_on_what_is_said() -> None:
    async with mended() as line:
        assert line.url.startswith("redis://:secret@127.0.0.1:")
        reader, writer = await connected(line)
        assert await reader.readline() == WORD
        writer.close()


async def test_cut_it_breaks_what_is_connected_and_lets_nobody_in_until_it_is_mended() -> None:
    async with mended() as line:
        reader, writer = await connected(line)
        assert await reader.readline() == WORD
        line.cut()
        assert await broken(reader)
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await connected(line)
        await line.mend()
        reader, writer = await connected(line)
        assert await reader.readline() == WORD
        writer.close()


async def test_silenced_it_keeps_back_what_is_said_and_loses_none_of_it() -> None:
    async with mended() as line:
        reader, writer = await connected(line)
        assert await reader.readline() == WORD
        line.silence()
        writer.write(WORD)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.readline()
        await line.mend()
        assert await reader.readline() == WORD
        writer.close()


async def test_a_server_that_is_away_breaks_whoever_comes() -> None:
    line = Line("redis://:secret@127.0.0.1:9/0")
    await line.mend()
    reader, writer = await connected(line)
    assert await broken(reader)
    writer.close()
    await line.close()
