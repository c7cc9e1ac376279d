"""A doorbell on Redis or Valkey: heard by whoever listens right now, and by nobody later."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from time import monotonic

from tradingbot.kit.outage import Outage
from tradingbot.kit.redis_connection import AWAY, connect

PROBE_SECONDS = 5.0


class RedisDoorbell:
    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._ringing = Outage("doorbell")

    async def ring(self, channel: str, body: str) -> None:
        try:
            await self._redis.publish(channel, body)
        except AWAY as error:
            self._ringing.failed(error)
        else:
            self._ringing.over()

    async def listen(self, channel: str) -> AsyncGenerator[str | None]:
        outage = Outage(f"doorbell {channel}")
        while True:
            try:
                async with aclosing(self._rings(channel)) as rings:
                    async for body in rings:
                        outage.over()
                        yield body
            except AWAY as error:
                await asyncio.sleep(outage.failed(error))

    async def close(self) -> None:
        with suppress(*AWAY):
            await self._redis.aclose()

    async def _rings(self, channel: str) -> AsyncGenerator[str | None]:
        async with self._redis.pubsub() as bell:
            await bell.subscribe(channel)
            heard = asked = monotonic()
            while True:
                message = await bell.get_message(timeout=1.0)
                now = monotonic()
                if message is not None:
                    heard = now
                    # Subscribed: from here on nothing is missed, before it anything may have been.
                    if message["type"] == "subscribe":
                        yield None
                    elif message["type"] == "message":
                        yield message["data"].decode(errors="replace")
                elif now - heard > 2 * PROBE_SECONDS:
                    raise TimeoutError("the doorbell went silent")
                elif now - asked > PROBE_SECONDS:
                    asked = now
                    await bell.ping()
