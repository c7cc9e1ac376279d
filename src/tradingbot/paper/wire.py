"""One WebSocket: what is to be sent waits in line, pings keep it honest."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import orjson
from aiohttp import ClientConnectionResetError, WSMsgType, web

WAITING_MAX = 20_000  # messages; who reads more slowly than that is cut off
PING_EVERY = 20.0  # seconds
PONG_WITHIN = 60.0  # seconds


class Wire:
    def __init__(self, request: web.Request, before_send: Callable[[], None]) -> None:
        self.request = request
        self.socket = web.WebSocketResponse(autoping=False, max_msg_size=1 << 20)
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_MAX)
        self._before_send = before_send
        self._heard = monotonic()
        self._lost = asyncio.Event()

    def send(self, message: bytes) -> None:
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self._lost.set()

    def send_json(self, message: object) -> None:
        self.send(orjson.dumps(message))

    async def run(self, hear: Callable[[bytes], Awaitable[None]]) -> web.WebSocketResponse:
        """Until either side closes."""
        await self.socket.prepare(self.request)
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(work()) for work in (self._write, self._ping, self._cut)]
            try:
                await self._listen(hear)
            finally:
                for task in beside:
                    task.cancel()
        return self.socket

    async def _listen(self, hear: Callable[[bytes], Awaitable[None]]) -> None:
        async for message in self.socket:
            self._heard = monotonic()
            if message.type is WSMsgType.TEXT:
                await hear(message.data.encode())
            elif message.type is WSMsgType.PING:
                await self._quietly(self.socket.pong(message.data))

    async def _write(self) -> None:
        while True:
            message = await self._waiting.get()
            self._before_send()
            await self._quietly(self.socket.send_frame(message, WSMsgType.TEXT))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
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
