"""A connection to Redis or Valkey that fails at once and says so."""

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tradingbot.kit.database import cause
from tradingbot.kit.queue import QueueUnreachable

AWAY = (RedisError, OSError)
ANSWER_SECONDS = 5.0


def connect(url: str, *, answer_seconds: float = ANSWER_SECONDS) -> Redis:
    """Nothing is sent before the first command."""
    # No retries inside: a BLMOVE sent again would hide the item the first one took.
    return Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        socket_timeout=answer_seconds,
        socket_connect_timeout=answer_seconds,
    )


def unreachable(error: BaseException) -> QueueUnreachable:
    return QueueUnreachable(f"Redis does not answer: {cause(error)}")
