"""What the user stream tells of one account, in its order, after a look at what it cannot tell."""

import asyncio
from contextlib import aclosing, suppress

from tradingbot.exchanges.errors import KeyRefused
from tradingbot.exchanges.ports import (
    AccountNews,
    BalancesChanged,
    OrderReport,
    Session,
    StreamOpened,
    Unreadable,
)
from tradingbot.kit import ids
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Database
from tradingbot.kit.errors import Fact
from tradingbot.kit.log import logger
from tradingbot.ledger.auditor import Auditor
from tradingbot.orders.executor import Executor, attempt
from tradingbot.orders.quarantine import Finding, Kind, Quarantine
from tradingbot.orders.sessions import Sessions
from tradingbot.orders.strangers import Strangers

# Exchanges end a stream after 24 hours.
LIFE_SECONDS = 23 * 3_600.0
OPENING_SECONDS_MAX = 60.0
# News waits for the comparison, but not for one that waits for room under the rate limits.
BUFFER_SECONDS = 5.0
# A balance changes with an order, and both are told at once.
MOMENT_SECONDS = 1.0
RETRY_SECONDS = 1.0
REFUSED_SECONDS = 30.0

log = logger(__name__)


class Hearing:
    """`unsure` is set when something may have been missed, `suspicious` when something is odd.

    Each life of the stream is an epoch: what it tells is applied after what a comparison, begun
    once the stream was open, has found.
    """

    def __init__(
        self,
        account_id: int,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        strangers: Strangers,
        auditor: Auditor,
        crew: Crew,
    ) -> None:
        self.account_id = account_id
        self.epoch = 0
        self.unsure = asyncio.Event()
        self.suspicious = False
        self._sessions = sessions
        self._executor = executor
        self._strangers = strangers
        self._auditor = auditor
        self._quarantine = Quarantine(database)
        self._crew = crew
        self._session: Session | None = None
        self._told: asyncio.Queue[OrderReport | Unreadable] = asyncio.Queue()
        self._compared = asyncio.Event()
        self._compared.set()
        self._reported_at = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._take_in_forever())

    def hears(self) -> bool:
        return self._session is not None and self._session.hears()

    def compared(self, epoch: int) -> None:
        """Orders were compared with the exchange, from after this epoch had begun."""
        if epoch == self.epoch:
            self._compared.set()

    async def _listen(self) -> None:
        """One life of the stream after another, each begun before the last one's day is over."""
        async with asyncio.TaskGroup() as lives:
            life = lives.create_task(self._live(asyncio.Event()))
            while True:
                await asyncio.sleep(LIFE_SECONDS)
                opened = asyncio.Event()
                following = lives.create_task(self._live(opened))
                try:
                    async with asyncio.timeout(OPENING_SECONDS_MAX):
                        await opened.wait()
                except TimeoutError:
                    following.cancel()  # the one we have goes on for as long as it may
                else:
                    life.cancel()
                    life = following

    async def _live(self, opened: asyncio.Event) -> None:
        while True:
            pause = RETRY_SECONDS
            try:
                self._session = await self._sessions.of(self.account_id)
                async with aclosing(self._session.news()) as news:
                    async for item in news:
                        opened.set()
                        self._hear(item)
            except Fact as error:
                log.warning("stream_lost", account_id=self.account_id, message=error.message)
                pause = REFUSED_SECONDS if isinstance(error, KeyRefused) else pause
            await asyncio.sleep(pause)

    def _hear(self, news: AccountNews) -> None:
        match news:
            case StreamOpened():
                # What happened before is not in the stream: look at everything once.
                self.epoch += 1
                self._compared.clear()
                self._auditor.doubt(self.account_id)
                self.unsure.set()
            case OrderReport() | Unreadable():
                self._reported_at = _now()
                self._told.put_nowait(news)
            case BalancesChanged(balances):
                self._auditor.hear(self.account_id, balances)
                asyncio.get_running_loop().call_later(MOMENT_SECONDS, self._explain, _now())

    def _explain(self, changed_at: float) -> None:
        """A balance that changed without an order's saying why: somebody else's doing, or a gap."""
        if self._reported_at < changed_at - MOMENT_SECONDS:
            self.suspicious = True

    async def _take_in_forever(self) -> None:
        while True:
            news = await self._told.get()
            if not self._compared.is_set():
                # Not wait_for: it swallows a cancel that comes together with what it waits for.
                with suppress(TimeoutError):
                    async with asyncio.timeout(BUFFER_SECONDS):
                        await self._compared.wait()
                self._compared.set()
            try:
                await self._take_in(news)
                continue
            except Fact as error:
                name = type(error).__name__
                log.warning("news_not_taken_in", account_id=self.account_id, error=name)
            except Exception:
                # Not even a fault of ours may end the hearing: what it was about is looked up.
                log.exception("news_not_taken_in", account_id=self.account_id)
            await asyncio.sleep(RETRY_SECONDS)
            self.unsure.set()

    async def _take_in(self, news: OrderReport | Unreadable) -> None:
        if isinstance(news, Unreadable):
            await self._set_aside(news)
            return
        applied = await self._executor.note(self.account_id, news)
        if applied is None:
            await self._strangers.judge(self.account_id, [news])
        elif applied.contradicted:
            self._crew.spawn(attempt(self._executor, applied.order))
        elif applied.fills_missing:
            self._crew.spawn(self._fetch_fills(news))

    async def _fetch_fills(self, report: OrderReport) -> None:
        """Beside what is told next, which need not wait for an answer of the exchange."""
        try:
            await self._executor.fetch_fills(self.account_id, report)
        except Fact as error:
            log.warning("fills_not_fetched", account_id=self.account_id, message=error.message)
            self.suspicious = True

    async def _set_aside(self, news: Unreadable) -> None:
        self.suspicious = True
        why = f"A message of the exchange cannot be read: {news.why}"[:200]
        subject = ids.name_of(news.raw)
        finding = Finding(self.account_id, Kind.UNREADABLE, subject, {"raw": news.raw}, why)
        await self._quarantine.put(finding)


def _now() -> float:
    return asyncio.get_running_loop().time()
