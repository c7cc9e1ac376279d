"""Each morning at nine, by a person's own clock, what the day before brought."""

import asyncio
from datetime import datetime, time

from tradingbot.bots import repository as bots
from tradingbot.events.schemas import EventType
from tradingbot.kit.clock import Clock
from tradingbot.kit.crew import every
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.kit.outage import Outage, is_away
from tradingbot.notifications import daily_repository, repository
from tradingbot.notifications.daily_repository import Reader
from tradingbot.notifications.day import Day, facts
from tradingbot.notifications.quiet import zone_of
from tradingbot.notifications.router import Router
from tradingbot.notifications.schemas import NotificationSettings

SWEEP_SECONDS = 30.0
NINE = time(9)

log = logger(__name__)


class DailySummaries:
    """Any number may run: a summary's name is that of its user and day, and is told once."""

    def __init__(self, database: Database, router: Router, clock: Clock) -> None:
        self._database = database
        self._router = router
        self._clock = clock
        self._told: dict[int, str] = {}
        self._outage = Outage("daily summaries")

    async def run(self, stopped: asyncio.Event) -> None:
        while await every(SWEEP_SECONDS, stopped):
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001  # whatever is away, the day is long
                self._outage.failed(error)
            else:
                self._outage.over()

    async def sweep(self) -> int:
        """How many were told. Raises DatabaseUnreachable."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            readers = await daily_repository.readers(connection)
            due = {_source(one, nine): (one, nine) for one in readers if (nine := _due(one, now))}
            new = [name for name, (one, _) in due.items() if self._told.get(one.user_id) != name]
            known = await repository.known_sources(connection, new)
        told = 0
        for name in new:
            reader, nine = due[name]
            if name not in known:
                told += await self._told_one(name, reader, nine)
            self._told[reader.user_id] = name
        return told

    async def _told_one(self, name: str, reader: Reader, nine: datetime) -> bool:
        """Whether it was. What one person's books are like keeps no other from theirs."""
        try:
            await self._tell(name, reader, nine)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("summary_failed", user_id=reader.user_id)
            return False
        return True

    async def _tell(self, name: str, reader: Reader, nine: datetime) -> None:
        async with self._database.reading() as connection:
            trades = await daily_repository.trades(connection, reader.user_id, nine)
            day = Day(trades, nine)
            names = await bots.names(connection, [bot_id for bot_id, _ in day.by_bot])
            live = await daily_repository.open_orders(connection, reader.user_id)
        await self._router.handle(
            {
                "id": name,
                "user_id": reader.user_id,
                "event_type": str(EventType.DAILY_SUMMARY),
                "data": facts(day, names, live),
            }
        )


def _due(reader: Reader, now: datetime) -> datetime | None:
    """Today's nine o'clock there, once it is past; none on somebody's first day."""
    zone = zone_of(NotificationSettings.model_construct(timezone=reader.timezone))
    there = now.astimezone(zone)
    nine = datetime.combine(there.date(), NINE, zone)
    return nine if reader.since < nine <= there else None


def _source(reader: Reader, nine: datetime) -> str:
    return f"daily:{reader.user_id}:{nine.date()}"
