"""A cache on Redis or Valkey, for all processes."""

from contextlib import suppress

from tradingbot.kit.outage import Outage
from tradingbot.kit.redis_connection import AWAY, connect

# A cache that takes longer than the question it spares is none.
ANSWER_SECONDS = 0.5
PREFIX = "cache:"


class RedisCache:
    def __init__(self, url: str) -> None:
        self._redis = connect(url, answer_seconds=ANSWER_SECONDS)
        self._outage = Outage("cache")

    async def get(self, key: str) -> str | None:
        try:
            kept = await self._redis.get(f"{PREFIX}{key}")
        except AWAY as error:
            self._outage.failed(error)
            return None
        self._outage.over()
        return kept.decode() if isinstance(kept, bytes) else kept

    async def put(self, key: str, value: str, seconds: int) -> None:
        with suppress(*AWAY):
            await self._redis.set(f"{PREFIX}{key}", value, ex=seconds)

    async def drop(self, key: str) -> None:
        with suppress(*AWAY):
            await self._redis.delete(f"{PREFIX}{key}")

    async def close(self) -> None:
        with suppress(*AWAY):
            await self._redis.aclose()
