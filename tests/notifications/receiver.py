"""A web address that counts what arrives, and answers 429 and 500 when its seed says so."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from aiohttp import web


class Receiver:
    """Each delivery is counted when it is taken: a refusal has not arrived."""

    def __init__(self, *, seed: int = 0, refusing: float = 0.0) -> None:
        self._chance = Random(seed)
        self._refusing = refusing
        self.url = ""
        self.arrived: Counter[int] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.refused = 0
        # What it answers instead, when it is told to.
        self.answer: web.Response | None = None

    def told(self) -> int:
        return sum(self.arrived.values())

    def count(self, sent: Mapping[int, str]) -> tuple[int, int]:
        """Lost and doubled."""
        lost = sum(1 for delivery_id in sent if not self.arrived[delivery_id])
        return lost, sum(count - 1 for count in self.arrived.values() if count > 1)

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        if self.answer is not None:
            return web.Response(
                status=self.answer.status, headers=self.answer.headers, text=self.answer.text
            )
        if self._chance.random() < self._refusing:
            self.refused += 1
            if self._chance.random() < 0.5:
                return web.Response(status=429, headers={"Retry-After": "1"})
            return web.Response(status=500)
        body = await request.json() if raw.startswith(b"{") else {}
        self.raw.append(raw)
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.arrived.update(body.get("delivery_ids", []))
        return web.Response(text="taken", headers={"X-Request-Id": f"r-{len(self.raw)}"})


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield receiver
    finally:
        await runner.cleanup()
