"""Many notifications, several couriers killed at random, a receiver that refuses at random.

`python -m tests.notifications.storm --messages 10000 --users 500` runs it at full size against the
servers in DATABASE_URL and REDIS_URL, and prints what the receiving side counted.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from redis.asyncio import Redis
from sqlalchemy import insert, text

from tests.notifications.receiver import Receiver, receiving
from tradingbot.kit.database import Database
from tradingbot.kit.schema import migrate
from tradingbot.local.readiness import is_ready
from tradingbot.notifications.channels import QUEUE
from tradingbot.notifications.models import notification_settings
from tradingbot.notifications.schemas import EVERY_EVENT
from tradingbot.users.models import users

KINDS = ("order_filled", "order_placed", "deal_closed", "bot_started")
SECRET_KEY = "k" * 32
PUSH_AT_ONCE = 50
LOOK_SECONDS = 0.05


class Counting(Protocol):
    """The receiving side; `arrived` counts by delivery."""

    arrived: Counter[int]


@dataclass(frozen=True)
class Storm:
    """`process`: the command of `tradingbot` that carries the messages on `channel`.

    After `patience` seconds it is given up with TimeoutError.
    """

    messages: int = 1000
    users: int = 50
    couriers: int = 3
    seed: int = 1
    kills: int = 12
    process: str = "notifier"
    channel: str = "webhook"
    patience: float = 110.0


@dataclass(frozen=True)
class Outcome:
    """As the receiving side counts. `lost` were never taken, `doubled` more than once."""

    told: int
    lost: int
    doubled: int
    dead: int
    kills: int
    seconds: float


async def rage(
    storm: Storm,
    database_url: str,
    redis_url: str,
    receiver: Counting,
    chosen: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Outcome:
    """Push, kill, and count once nothing is pending any more.

    `chosen`: each user's settings; `{user_id}` in a text stands for the user's number.
    `environment`: what the couriers need besides. Raises TimeoutError when it takes too long.
    """
    started = asyncio.get_running_loop().time()
    database = Database(database_url)
    try:
        people = await _people(database, storm, chosen)
        async with asyncio.TaskGroup() as group:
            pushing = group.create_task(_push(storm, redis_url, people))
            kills = await _carried(
                storm, receiver, database, database_url, redis_url, environment, pushing
            )
        return await _count(
            storm, database, receiver, kills, asyncio.get_running_loop().time() - started
        )
    finally:
        await database.close()


async def _people(database: Database, storm: Storm, chosen: Mapping[str, Any]) -> list[int]:
    emails = [{"email": f"p{n}@example.com", "password_hash": "-"} for n in range(storm.users)]
    async with database.begin() as connection:
        made = await connection.execute(insert(users).returning(users.c.id), emails)
        ids = [int(row.id) for row in made]
        settings = [
            {
                "user_id": user_id,
                "enabled_events": list(map(str, EVERY_EVENT)),
                **{
                    name: value.format(user_id=user_id) if isinstance(value, str) else value
                    for name, value in chosen.items()
                },
            }
            for user_id in ids
        ]
        await connection.execute(insert(notification_settings), settings)
    return ids


async def _push(storm: Storm, redis_url: str, people: Sequence[int]) -> None:
    chance = Random(storm.seed)
    async with Redis.from_url(redis_url) as redis:
        for first in range(0, storm.messages, PUSH_AT_ONCE):
            items = [
                json.dumps(
                    {
                        "id": f"storm:{number}",
                        "user_id": people[number % len(people)],
                        "event_type": chance.choice(KINDS),
                        "data": {"symbol": "BTC/USDT", "number": number},
                    }
                )
                for number in range(first, min(first + PUSH_AT_ONCE, storm.messages))
            ]
            await redis.lpush(QUEUE, *items)
            await asyncio.sleep(0.05)


def _due(storm: Storm, receiver: Counting) -> int:
    """How many should have been killed by now: they are spread over what there is to tell."""
    told = sum(receiver.arrived.values())
    return min(storm.kills, told * (storm.kills + 1) // storm.messages)


async def _carried(
    storm: Storm,
    receiver: Counting,
    database: Database,
    database_url: str,
    redis_url: str,
    environment: Mapping[str, str],
    pushing: asyncio.Task[None],
) -> int:
    """Until all is told, with one courier after another killed and replaced; how many were."""
    chance = Random(storm.seed + 1)
    kills = 0
    with tempfile.TemporaryDirectory(prefix="storm-") as place:
        settings = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": SECRET_KEY,
            "LOG_LEVEL": "ERROR",
            **environment,
        }
        couriers = [
            _Courier(storm.process, Path(place) / str(number), settings)
            for number in range(storm.couriers)
        ]
        try:
            async with asyncio.timeout(storm.patience):
                await asyncio.gather(*(courier.start() for courier in couriers))
                while not (pushing.done() and await _is_over(database, storm)):
                    if kills < _due(storm, receiver):
                        victim = chance.choice(couriers)
                        await victim.kill()
                        kills += 1
                        await victim.start()
                    else:
                        await asyncio.sleep(LOOK_SECONDS)
        finally:
            for courier in couriers:
                await courier.kill()
    return kills


class _Courier:
    def __init__(self, process: str, place: Path, settings: Mapping[str, str]) -> None:
        self._process = process
        self._place = place
        self._settings = settings
        self._running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._place.mkdir(exist_ok=True)
        self._running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tradingbot", self._process),
            env=os.environ  # noqa: TID251  # a child needs the rest of it, PATH above all
            | self._settings
            | {"DATA_DIR": str(self._place)},
        )
        async with asyncio.timeout(60):
            while not is_ready(self._place, self._process, self._running.pid):
                assert self._running.returncode is None, "it ended while it started"
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        if self._running is not None and self._running.returncode is None:
            self._running.send_signal(signal.SIGKILL)
            await self._running.wait()


async def _is_over(database: Database, storm: Storm) -> bool:
    query = text(
        "SELECT (SELECT count(*) FROM notifications) = :messages AND NOT EXISTS "
        "(SELECT FROM deliveries WHERE status = 'pending')"
    )
    async with database.reading() as connection:
        return bool((await connection.execute(query, {"messages": storm.messages})).scalar_one())


async def _count(
    storm: Storm, database: Database, receiver: Counting, kills: int, seconds: float
) -> Outcome:
    query = text("SELECT id, status FROM deliveries WHERE channel = :channel")
    async with database.reading() as connection:
        found = (await connection.execute(query, {"channel": storm.channel})).all()
    alive = [row.id for row in found if row.status == "sent"]
    lost = sum(1 for id_ in alive if not receiver.arrived[id_]) + storm.messages - len(found)
    doubled = sum(count - 1 for count in receiver.arrived.values() if count > 1)
    dead = len(found) - len(alive)
    return Outcome(sum(receiver.arrived.values()), lost, doubled, dead, kills, round(seconds, 1))


WEBHOOK: Mapping[str, Any] = {"webhook_enabled": True, "max_per_minute": 600}


async def by_webhook(
    storm: Storm, database_url: str, redis_url: str, refusing: float = 0.1
) -> Outcome:
    """To web addresses of ours, one for each user."""
    async with receiving(Receiver(seed=storm.seed, refusing=refusing)) as receiver:
        chosen = {**WEBHOOK, "webhook_url": receiver.url + "/{user_id}"}
        private = {"WEBHOOK_ALLOW_PRIVATE": "true"}
        return await rage(storm, database_url, redis_url, receiver, chosen, private)


async def _main(storm: Storm) -> None:
    database_url = os.environ["DATABASE_URL"]  # noqa: TID251  # a test has no settings
    redis_url = os.environ["REDIS_URL"]  # noqa: TID251  # a test has no settings
    await migrate(database_url)
    outcome = await by_webhook(storm, database_url, redis_url)
    sys.stdout.write(json.dumps({"name": "storm", **asdict(outcome)}) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("messages", "users", "couriers", "seed", "kills"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Storm, name))
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds")
    asyncio.run(_main(Storm(**vars(parser.parse_args()))))
