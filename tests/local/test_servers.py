"""PostgreSQL and Valkey come back, with everything they had promised to keep."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from tradingbot.local.servers import PostgresServer, ValkeyServer
from tradingbot.local.service import Service
from tradingbot.settings import environment

AS_PLAIN_USER = """
import asyncio, os, pwd, sys
from pathlib import Path
import asyncpg, asyncpg.protocol
from tradingbot.local.servers import PostgresServer

async def main():
    server = PostgresServer(Path(sys.argv[1]), durable=False)
    await server.start()
    connection = await asyncpg.connect(server.url)
    print(await connection.fetchval("SELECT 'it answers'"), os.geteuid())
    await connection.close()
    await server.stop()

if os.geteuid() == 0:
    nobody = pwd.getpwnam("nobody")
    os.chown(sys.argv[1], nobody.pw_uid, nobody.pw_gid)
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
asyncio.run(main())
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="tradingbot-") as path:  # not tmp_path: pytest guards its modes
        yield Path(path)


@pytest.fixture
async def postgres_here(directory: Path) -> AsyncIterator[PostgresServer]:
    server = PostgresServer(directory)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def valkey_here(directory: Path) -> AsyncIterator[ValkeyServer]:
    server = ValkeyServer(directory)
    await server.start()
    yield server
    await server.stop()


async def kill_and_start(server: Service) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert await server.wait() == -signal.SIGKILL
    await server.start()


async def test_a_killed_postgres_comes_back_at_its_address_with_every_committed_row(
    postgres_here: PostgresServer,
) -> None:
    url = postgres_here.url
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept (number integer)")
    await connection.execute("INSERT INTO kept VALUES (7)")
    await kill_and_start(postgres_here)
    assert postgres_here.url == url
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT number FROM kept") == 7
    assert await connection.fetchval("SHOW fsync") == "on"
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    await connection.close()


async def test_a_killed_valkey_comes_back_at_its_address_with_every_item(
    valkey_here: ValkeyServer,
) -> None:
    url = valkey_here.url
    async with Redis.from_url(url) as redis:
        await redis.lpush("queue", "item")
    await kill_and_start(valkey_here)
    assert valkey_here.url == url
    async with Redis.from_url(url) as redis:
        assert await redis.lrange("queue", 0, -1) == [b"item"]
        assert await redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


async def test_postgres_never_runs_as_root(postgres_here: PostgresServer) -> None:
    assert psutil.Process(postgres_here.pid).uids().effective != 0


def test_postgres_runs_for_a_plain_user(directory: Path) -> None:
    command = [sys.executable, "-c", AS_PLAIN_USER, str(directory)]
    env = environment({"HOME": str(directory)})
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, env=env)  # noqa: S603  # our own script
    assert outcome.returncode == 0, outcome.stderr
    said, user = outcome.stdout.rsplit(maxsplit=1)
    assert said == "it answers"
    assert int(user) != 0


async def test_a_pid_that_is_now_anothers_does_not_keep_postgres_from_starting(
    postgres_here: PostgresServer, directory: Path
) -> None:
    await postgres_here.stop()
    stale = directory / "postgres" / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{stale.parent}\n")
    await postgres_here.start()
    assert postgres_here.pid not in (None, os.getpid())


async def test_without_the_password_nobody_gets_in(
    postgres_here: PostgresServer, valkey_here: ValkeyServer
) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_here.url.replace("tradingbot:", "tradingbot:x"))
    async with Redis.from_url(valkey_here.url.replace("redis://:", "redis://:x")) as redis:
        with pytest.raises(AuthenticationError):
            await redis.ping()
