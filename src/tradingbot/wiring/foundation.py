"""What every process stands on: the database, the queues, the outbox, the vault."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tradingbot.adapters.redis_cache import RedisCache
from tradingbot.adapters.redis_doorbell import RedisDoorbell
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.kit import ids
from tradingbot.kit.clock import Clock, SystemClock
from tradingbot.kit.database import Database, DatabaseUnreachable
from tradingbot.kit.outbox import Relay
from tradingbot.kit.vault import Vault
from tradingbot.settings import Settings

ANSWER_TRIES = 20
TRY_SECONDS = 0.25


@dataclass(frozen=True)
class Foundation:
    settings: Settings
    worker_id: str
    clock: Clock
    vault: Vault
    database: Database
    queue: RedisQueue
    doorbell: RedisDoorbell
    cache: RedisCache
    relay: Relay


@asynccontextmanager
async def foundation(settings: Settings, process: str) -> AsyncIterator[Foundation]:
    """Everything open while inside; the outbox is relayed all the while."""
    worker_id = f"{process}-{ids.new_uid()[:12]}"
    database = Database(settings.database_url)
    queue = RedisQueue(settings.redis_url, worker_id)
    doorbell = RedisDoorbell(settings.redis_url)
    cache = RedisCache(settings.redis_url)
    relay = Relay(database, queue.push)
    try:
        await until_answered(database)
        async with asyncio.TaskGroup() as group:
            relaying = group.create_task(relay.run())
            yield Foundation(
                settings=settings,
                worker_id=worker_id,
                clock=SystemClock(),
                vault=open_vault(settings),
                database=database,
                queue=queue,
                doorbell=doorbell,
                cache=cache,
                relay=relay,
            )
            relaying.cancel()
    finally:
        await doorbell.close()
        await cache.close()
        await queue.close()
        await database.close()


async def until_answered(database: Database) -> None:
    """A server just being started has a moment. Then raises DatabaseUnreachable."""
    for _ in range(ANSWER_TRIES):
        with suppress(DatabaseUnreachable):
            await database.ping()
            return
        await asyncio.sleep(TRY_SECONDS)
    await database.ping()


def open_vault(settings: Settings) -> Vault:
    old = [key.get_secret_value() for key in settings.secret_keys_old]
    return Vault(settings.secret_key.get_secret_value(), old)
