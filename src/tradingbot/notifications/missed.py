"""Events nobody heard of: the queue lost its memory between the outbox and the router."""

import asyncio
from datetime import timedelta

from tradingbot.events import repository as events
from tradingbot.kit.crew import every
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.kit.outage import Outage, is_away
from tradingbot.notifications import repository
from tradingbot.notifications.router import Router
from tradingbot.notifications.schemas import EVERY_EVENT

SWEEP_SECONDS = 15.0
# Before this the queue is given its chance; after that nobody wants to hear of it any more.
GRACE = timedelta(seconds=30)
STALE = timedelta(days=1)

log = logger(__name__)


class MissedEvents:
    """PostgreSQL is the truth: an event without its notification is routed from its row.

    Each event is looked at once; routing twice is harmless, for the router knows its sources.
    """

    def __init__(self, database: Database, router: Router, *, grace: timedelta = GRACE) -> None:
        self._database = database
        self._router = router
        self._grace = grace
        self._seen = 0
        self._outage = Outage("sweep of missed events")

    async def run(self, stopped: asyncio.Event) -> None:
        while await every(SWEEP_SECONDS, stopped):
            try:
                await self.sweep()
            except Exception as error:
                if not is_away(error):
                    raise
                self._outage.failed(error)
            else:
                self._outage.over()

    async def sweep(self) -> int:
        """How many had been missed. Raises DatabaseUnreachable."""
        async with self._database.reading() as connection:
            upto = await events.latest(connection, self._grace)
            items = await events.items(connection, self._seen, upto, EVERY_EVENT, STALE)
            known = await repository.known_sources(connection, [item["id"] for item in items])
        missed = [item for item in items if item["id"] not in known]
        for item in missed:
            await self._router.handle(item)
        if missed:
            log.warning("events_were_missed", count=len(missed))
        self._seen = max(self._seen, upto)
        return len(missed)
