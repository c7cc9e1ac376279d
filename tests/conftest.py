"""One PostgreSQL and one Valkey per test run, a fresh database for every test that wants one."""

import asyncio
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from tradingbot.kit.schema import migrate
from tradingbot.local.servers import PostgresServer, ValkeyServer
from tradingbot.local.service import Service

TEMPLATE = "migrated"
NUMBERS = itertools.count()

Started = TypeVar("Started", bound=Service)

# How long an example takes, or its making, says more about the machine than about us.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tradingbot-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres(server_dir: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(server_dir, durable=False)
    yield from running(server)


@pytest.fixture(scope="session")
def valkey(server_dir: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(server_dir)
    yield from running(server)


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer) -> str:
    """The name of a database with every table and no row, to be copied."""
    execute(postgres.url, f"CREATE DATABASE {TEMPLATE}")
    asyncio.run(migrate(database_at(postgres.url, TEMPLATE)))
    return TEMPLATE


@pytest.fixture
def database_url(postgres: PostgresServer, migrated: str) -> Iterator[str]:
    """A migrated, empty database of this test's own."""
    name = f"test_{next(NUMBERS)}"
    execute(postgres.url, f"CREATE DATABASE {name} TEMPLATE {migrated} STRATEGY file_copy")
    yield database_at(postgres.url, name)
    execute(postgres.url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> str:
    """The test run's Valkey, emptied."""
    asyncio.run(flush(valkey.url))
    return valkey.url


def running(server: Started) -> Iterator[Started]:
    # The loop that started a process must live as long as the process.
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            yield server
        finally:
            runner.run(server.stop())


def database_at(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


async def flush(url: str) -> None:
    async with Redis.from_url(url) as redis:
        await redis.flushall()
