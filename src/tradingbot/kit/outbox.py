"""Messages that leave after the commit, and only then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from tradingbot.kit import ids
from tradingbot.kit.database import Connection, Database, Moment, metadata
from tradingbot.kit.outage import Outage
from tradingbot.kit.plain import dumps
from tradingbot.kit.statement import Driver, Statement

BATCH = 500
SWEEP_SECONDS = 1.0
# A commit seldom comes alone: what follows at once leaves in the same go.
GATHER_SECONDS = 0.02

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("queue", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)

Push: TypeAlias = Callable[[Sequence[tuple[str, str]]], Awaitable[None]]

_POST = Statement(
    insert(outbox).values(queue=bindparam("queue"), body=bindparam("body")).returning(outbox.c.id)
)
_WAITING = select(outbox.c.id).order_by(outbox.c.id).limit(BATCH).with_for_update(skip_locked=True)
_TAKE = Statement(
    delete(outbox)
    .where(outbox.c.id.in_(_WAITING.scalar_subquery()))
    .returning(outbox.c.id, outbox.c.queue, outbox.c.body)
)


async def post(connection: Connection | Driver, queue: str, body: Mapping[str, Any]) -> None:
    """Put `body` on `queue` once, and if, this transaction commits.

    It may arrive twice, with the same "id" (made here when it has none).
    """
    item = body if "id" in body else {**body, "id": ids.new_uid()}
    await _POST.number(connection, queue=queue, body=dumps(item))


class Relay:
    """Carries what was posted to the queues: at once when nudged, and in a sweep besides.

    A message is deleted in the transaction that pushes it: a crash in between pushes it twice,
    and none is lost. While the queues are away, messages wait.
    """

    def __init__(
        self, database: Database, push: Push, *, sweep_seconds: float = SWEEP_SECONDS
    ) -> None:
        self._database = database
        self._push = push
        self._sweep_seconds = sweep_seconds
        self._nudged = asyncio.Event()
        self._outage = Outage("outbox relay")

    def nudge(self) -> None:
        """Call after a commit: what it posted leaves now instead of with the next sweep."""
        self._nudged.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._nudged.clear()
            try:
                sent = await self.send()
            except Exception as error:  # noqa: BLE001  # whatever is away, messages wait for it here
                await asyncio.sleep(self._outage.failed(error))
                continue
            self._outage.over()
            if sent < BATCH:
                await self._next_nudge()

    async def send(self) -> int:
        """Push the oldest waiting messages, as many as fit in one go; how many they were."""
        async with self._database.driving() as driver:
            taken = sorted(await _TAKE.rows(driver), key=itemgetter("id"))
            if taken:
                await self._push([(row["queue"], row["body"]) for row in taken])
        return len(taken)

    async def _next_nudge(self) -> None:
        try:
            async with asyncio.timeout(self._sweep_seconds):
                await self._nudged.wait()
            await asyncio.sleep(GATHER_SECONDS)
        except TimeoutError:
            return
