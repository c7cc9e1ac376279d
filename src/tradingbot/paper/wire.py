"""One WebSocket: what is to be sent waits in line, pings keep it honest."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Protocol

import orjson
from aiohttp import ClientConnectionResetError, WSMsgType, web

WAITING_MAX = 20_000  # messages; who reads more slowly than that is cut off
PING_EVERY = 20.0  # seconds
PONG_WITHIN = 60.0  # seconds


class Meddler(Protocol):
    """Comes between an event and the socket it is for."""

    def opened(self, wire: "Wire") -> None: ...

    def closed(self, wire: "Wire") -> None: ...

    def pass_on(self, wire: "Wire", event: bytes) -> None: ...


MEDDLER: web.AppKey[Meddler] = web.AppKey("meddler", Meddler)


class Wire:
    def __init__(self, request: web.Request, before_send: Callable[[], None]) -> None:
        self.request = request
        self.socket = web.WebSocketResponse(autoping=False, max_msg_size=1 << 20)
        self.silent_until = 0.0  # monotonic; till then nothing is sent at all
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_MAX)
        self._before_send = before_send
        self._meddler = request.app.get(MEDDLER)
        self._heard = monotonic()
        self._lost = asyncio.Event()

    @property
    def silent(self) -> bool:
        return monotonic() < self.silent_until

    def send(self, event: bytes) -> None:
        """Something nobody asked for: news."""
        if self._meddler is None:
            self.put(event)
        else:
            self._meddler.pass_on(self, event)

    def send_json(self, answer: object) -> None:
        """What was asked for."""
        self.put(orjson.dumps(answer))

    def put(self, message: bytes) -> None:
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self._lost.set()

    def tear(self) -> None:
        """The connection ends in the middle of things."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def run(self, hear: Callable[[bytes], Awaitable[None]]) -> web.WebSocketResponse:
        """Until either side closes."""
        await self.socket.prepare(self.request)
        if self._meddler is not None:
            self._meddler.opened(self)
        try:
            async with asyncio.TaskGroup() as tasks:
                works = (self._write, self._ping, self._cut)
                beside = [tasks.create_task(work()) for work in works]
                try:
                    await self._listen(hear)
                finally:
                    for task in beside:
                        task.cancel()
        finally:
            if self._meddler is not None:
                self._meddler.closed(self)
        return self.socket

    async def _listen(self, hear: Callable[[bytes], Awaitable[None]]) -> None:
        async for message in self.socket:
            self._heard = monotonic()
            if message.type is WSMsgType.TEXT:
                await hear(message.data.encode())
            elif message.type is WSMsgType.PING and not self.silent:
                await self._quietly(self.socket.pong(message.data))

    async def _write(self) -> None:
        while True:
            message = await self._waiting.get()
            self._before_send()
            if not self.silent:
                await self._quietly(self.socket.send_frame(message, WSMsgType.TEXT))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            if self.silent:
                self._heard = monotonic()  # who is not pinged owes no answer
                continue
            if monotonic() - self._heard > PONG_WITHIN:
                self._lost.set()
            await self._quietly(self.socket.ping())

    async def _cut(self) -> None:
        await self._lost.wait()
        await self.socket.close(code=1008)

    async def _quietly(self, sending: Awaitable[None]) -> None:
        try:
            await sending
        except (ClientConnectionResetError, ConnectionError):
            self._lost.set()
