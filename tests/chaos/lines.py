"""Lines between our processes and the servers, which can be cut, silenced and mended."""

import asyncio
from urllib.parse import urlsplit


class Line:
    """`url` is the way through here to `target`, whether anybody answers there or not."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.WriteTransport] = set()
        self._serving = 0
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        login, at, _ = self._target.netloc.rpartition("@")
        return self._target._replace(netloc=f"{login}{at}127.0.0.1:{self._port}").geturl()

    async def mend(self) -> None:
        """Open, and on the same port whenever it was cut."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """What is connected breaks off, and nobody answers any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._break()

    def silence(self) -> None:
        """Everything stays connected, and not a byte gets through until it is mended."""
        self._flowing.clear()

    def _break(self) -> None:
        for transport in list(self._open):
            transport.abort()

    async def close(self) -> None:
        """Cut for good; whoever was on it has gone when this returns."""
        self.cut()
        self._flowing.set()
        while self._serving:  # noqa: ASYNC110  # a moment, in tests
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving += 1
        ends = {writer.transport}
        self._open |= ends
        try:
            await self._flowing.wait()
            there = await asyncio.open_connection(self._target.hostname, self._target.port)
            ends.add(there[1].transport)
            self._open |= ends
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, there[1]))
                group.create_task(self._pump(there[0], writer))
        except* OSError:
            pass  # one end is gone, and takes the other along
        finally:
            for end in ends:
                end.abort()
            self._open -= ends
            await asyncio.sleep(0)  # for the loop to carry that out
            self._serving -= 1

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(2**16):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
