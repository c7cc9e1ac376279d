"""Many notifications, whoever carries them killed at random, a receiver that refuses at random."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol, TypeAlias

from redis.asyncio import Redis
from sqlalchemy import insert, text

from tradingbot.kit.database import Database
from tradingbot.local.readiness import is_ready
from tradingbot.notifications.channels import QUEUE
from tradingbot.notifications.models import notification_settings
from tradingbot.notifications.schemas import EVERY_EVENT
from tradingbot.users.models import users

KINDS = ("order_filled", "order_placed", "deal_closed", "bot_started")
SECRET_KEY = "k" * 32
PUSH_AT_ONCE = 50
LOOK_SECONDS = 0.05


class Receiving(Protocol):
    """The other side, and what it has taken."""

    def told(self) -> int:
        """How many notifications, each as often as it came."""

    def count(self, sent: Mapping[int, str]) -> tuple[int, int]:
        """How many are lost and how many came once too often; `sent`: reference by delivery."""


@dataclass(frozen=True)
class Storm:
    """`processes`: commands of `tradingbot` that bring and carry what goes by `channel`.

    After `patience` seconds it is given up with TimeoutError.
    """

    channel: str
    processes: Sequence[str]
    messages: int = 1000
    users: int = 50
    seed: int = 1
    kills: int = 12
    patience: float = 110.0
    environment: Mapping[str, str] = field(default_factory=dict)  # what they need besides
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Outcome:
    """As the receiving side counts. `lost` were never taken, `doubled` more than once.

    `in_hand`: how many somebody had in hand and not noted yet when somebody was killed.
    """

    channel: str
    told: int
    lost: int
    doubled: int
    in_hand: int
    dead: int
    kills: int
    seconds: float


Chosen: TypeAlias = Callable[[int], Mapping[str, Any]]


async def rage(
    storm: Storm, database_url: str, redis_url: str, receiver: Receiving, chosen: Chosen
) -> Outcome:
    """Push, kill, and count once nothing is pending any more.

    `chosen`: the settings of a user, by number. Raises TimeoutError when it takes too long.
    """
    started = asyncio.get_running_loop().time()
    database = Database(database_url)
    try:
        people = await _people(database, storm, chosen)
        async with asyncio.TaskGroup() as group:
            pushing = group.create_task(_push(storm, redis_url, people))
            servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
            in_hand = await _carried(storm, receiver, database, servers, pushing)
        seconds = asyncio.get_running_loop().time() - started
        return await _count(storm, database, receiver, in_hand, seconds)
    finally:
        await database.close()


async def _people(database: Database, storm: Storm, chosen: Chosen) -> list[int]:
    emails = [{"email": f"p{n}@example.com", "password_hash": "-"} for n in range(storm.users)]
    async with database.begin() as connection:
        made = await connection.execute(insert(users).returning(users.c.id), emails)
        ids = [int(row.id) for row in made]
        settings = [
            {"user_id": user_id, "enabled_events": list(map(str, EVERY_EVENT)), **chosen(user_id)}
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


def _due(storm: Storm, receiver: Receiving) -> int:
    """How many should have been killed by now: they are spread over what there is to tell."""
    return min(storm.kills, receiver.told() * (storm.kills + 1) // storm.messages)


async def _carried(
    storm: Storm,
    receiver: Receiving,
    database: Database,
    servers: Mapping[str, str],
    pushing: asyncio.Task[None],
) -> list[int]:
    """Until all is told, with one courier after another killed and replaced.

    What was in hand when each of them was.
    """
    chance = Random(storm.seed + 1)
    in_hand: list[int] = []
    with tempfile.TemporaryDirectory(prefix="storm-") as place:
        settings = {"SECRET_KEY": SECRET_KEY, "LOG_LEVEL": "ERROR", **servers, **storm.environment}
        couriers = [
            _Courier(process, Path(place) / str(number), settings)
            for number, process in enumerate(storm.processes)
        ]
        try:
            async with asyncio.timeout(storm.patience):
                await asyncio.gather(*(courier.start() for courier in couriers))
                while not (pushing.done() and await _is_over(database, storm)):
                    if len(in_hand) < _due(storm, receiver):
                        victim = chance.choice(couriers)
                        await victim.kill()
                        in_hand.append(await _in_hand(database, storm))
                        told = f"{receiver.told()} of {storm.messages} told"
                        storm.say(f"{told}, {len(in_hand)} killed, {in_hand[-1]} in hand")
                        await victim.start()
                    else:
                        await asyncio.sleep(LOOK_SECONDS)
        finally:
            for courier in couriers:
                await courier.kill()
    return in_hand


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


async def _in_hand(database: Database, storm: Storm) -> int:
    query = text(
        "SELECT count(*) FROM deliveries "
        "WHERE channel = :channel AND status = 'pending' AND held_until > now()"
    )
    async with database.reading() as connection:
        found = await connection.execute(query, {"channel": storm.channel})
        return int(found.scalar_one())


async def _count(
    storm: Storm,
    database: Database,
    receiver: Receiving,
    in_hand: Sequence[int],
    seconds: float,
) -> Outcome:
    query = text("SELECT id, status, reference FROM deliveries WHERE channel = :channel")
    async with database.reading() as connection:
        found = (await connection.execute(query, {"channel": storm.channel})).all()
    sent = {row.id: row.reference for row in found if row.status == "sent"}
    lost, doubled = receiver.count(sent)
    return Outcome(
        channel=storm.channel,
        told=receiver.told(),
        lost=lost + storm.messages - len(found),
        doubled=doubled,
        in_hand=sum(in_hand),
        dead=len(found) - len(sent),
        kills=len(in_hand),
        seconds=round(seconds, 1),
    )
