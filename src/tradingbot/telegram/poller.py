"""One of us asks Telegram what is new, or has it brought to the API; another when that one dies."""

import asyncio
from dataclasses import dataclass

from tradingbot.kit.crew import every
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.kit.outage import Outage, is_away
from tradingbot.kit.queue import Doorbell
from tradingbot.notifications.errors import Later
from tradingbot.telegram import repository
from tradingbot.telegram.commands import COMMANDS
from tradingbot.telegram.errors import Refused
from tradingbot.telegram.inbox import BELL, Inbox
from tradingbot.telegram.ports import Line
from tradingbot.telegram.words import CATALOGUES, Words

log = logger(__name__)

WAIT_SECONDS = 25
LOOK_SECONDS = 1.0
FORGET_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Hook:
    """Where Telegram may bring what is new, and what it shows there."""

    url: str
    secret: str


class Poller:
    """`worker_id` must be kept alive beside it: that is the lease. `hook` None: ask for it."""

    def __init__(
        self,
        database: Database,
        line: Line,
        doorbell: Doorbell,
        worker_id: str,
        hook: Hook | None,
    ) -> None:
        self._database = database
        self._line = line
        self._doorbell = doorbell
        self._worker_id = worker_id
        self._hook = hook
        self._inbox = Inbox(database, line.bot_id)
        self._outage = Outage("telegram")

    async def run(self, stopped: asyncio.Event) -> None:
        """Until stopped. Raises TokenRefused."""
        async with asyncio.TaskGroup() as group:
            polling = group.create_task(self._run(stopped))
            await stopped.wait()
            polling.cancel()  # in the middle of a long question; what it heard comes again

    async def _run(self, stopped: asyncio.Event) -> None:
        while await every(LOOK_SECONDS, stopped):
            try:
                fence = await self._take()
                if fence is not None:
                    await self._open()
                    await self._hold(fence, stopped)
            except Later as later:
                await asyncio.sleep(later.seconds)
            except Exception as error:
                if not (is_away(error) or isinstance(error, Refused)):
                    raise
                await asyncio.sleep(self._outage.failed(error))

    async def _take(self) -> int | None:
        async with self._database.begin() as connection:
            await repository.forget_handled(connection)
            return await repository.take_polling(connection, self._line.bot_id, self._worker_id)

    async def _open(self) -> None:
        for language in (None, *CATALOGUES):
            words = Words(language or "en")
            menu = {name: words.label(f"command.{name}") for name in COMMANDS}
            await self._line.offer_menu(menu, language)
        if self._hook is not None:
            try:
                await self._line.take_calls(self._hook.url, self._hook.secret)
            except Refused as why:  # not https, or no address of the open internet
                log.warning("telegram_does_not_call", why=str(why))
                self._hook = None
        if self._hook is None:
            await self._line.take_no_calls()
        log.info("telegram_listens", calls=self._hook is not None)

    async def _hold(self, fence: int, stopped: asyncio.Event) -> None:
        offset: int | None = None
        while not stopped.is_set():
            if self._hook is not None:
                if not await self._inbox.take_all([], self._worker_id, fence):
                    return
                await every(LOOK_SECONDS, stopped)
                continue
            bodies = await self._line.updates(offset, WAIT_SECONDS)
            self._outage.over()
            # Only now may the next question tell Telegram to forget them.
            if not await self._inbox.take_all(bodies, self._worker_id, fence):
                return
            if bodies:
                offset = max(int(body["update_id"]) for body in bodies) + 1
                await self._doorbell.ring(BELL, "")
