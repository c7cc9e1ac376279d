"""One account watched for as long as it has live orders: heard, and compared when it is time."""

import asyncio
from contextlib import suppress

from tradingbot.exchanges.errors import KeyRefused
from tradingbot.kit.crew import every
from tradingbot.kit.database import Database
from tradingbot.kit.errors import Fact
from tradingbot.kit.log import logger
from tradingbot.orders import monitor_repository
from tradingbot.orders.hearing import REFUSED_SECONDS, RETRY_SECONDS, Hearing
from tradingbot.orders.reconciliation import Reconciliation

ORDERS_SECONDS = 60.0
TRADES_SECONDS = 300.0
# While the stream is silent, orders and trades are asked for; also how soon its silence is noticed.
SILENT_SECONDS = 5.0

log = logger(__name__)


class Watch:
    def __init__(
        self,
        worker_id: str,
        database: Database,
        hearing: Hearing,
        reconciliation: Reconciliation,
        stopped: asyncio.Event,
    ) -> None:
        self.account_id = hearing.account_id
        self.compared = False  # as a whole, since we came or since the database was away
        self._worker_id = worker_id
        self._database = database
        self._hearing = hearing
        self._reconciliation = reconciliation
        self._stopped = stopped
        self._outages = 0
        self._orders_at = self._trades_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Until nothing is live on the account and it was let go, or until stopped."""
        log.info("account_watched", account_id=self.account_id)
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(self._hearing.run())
            while await self._until_due() and await self._compare():
                pass
            hearing.cancel()

    def hears(self) -> bool:
        return self._hearing.hears()

    def distrust(self) -> None:
        """The database was away: what comes back may be an older one."""
        self.compared = False
        self._outages += 1
        self._hearing.unsure.set()

    async def _until_due(self) -> bool:
        """Wait until something may have been missed or it is time in any case; False: stopped."""
        unsure = self._hearing.unsure
        while not (self._stopped.is_set() or unsure.is_set()):
            if self._hearing.suspicious or self._age(self._orders_at) >= self._pace(ORDERS_SECONDS):
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(SILENT_SECONDS):
                    await unsure.wait()
        return not self._stopped.is_set()

    async def _compare(self) -> bool:
        """False once the account was let go."""
        hearing, epoch, outages = self._hearing, self._hearing.epoch, self._outages
        doubtful = hearing.unsure.is_set() or hearing.suspicious
        trades = doubtful or self._age(self._trades_at) >= self._pace(TRADES_SECONDS)
        hearing.unsure.clear()
        hearing.suspicious = False
        begun = asyncio.get_running_loop().time()
        try:
            busy = await self._reconciliation.compare(self.account_id, trades=trades)
            hearing.compared(epoch)
            self._orders_at = begun
            self._trades_at = begun if trades else self._trades_at
            self.compared = self.compared or (trades and outages == self._outages)
            return busy or not await self._let_go()
        except Fact as error:
            name = type(error).__name__
            log.warning("account_not_compared", account_id=self.account_id, error=name)
            refused = isinstance(error, KeyRefused)
            await every(REFUSED_SECONDS if refused else RETRY_SECONDS, self._stopped)
            hearing.unsure.set()
            return True

    async def _let_go(self) -> bool:
        async with self._database.asking() as driver:
            return await monitor_repository.release_account(
                driver, self.account_id, self._worker_id
            )

    def _pace(self, seconds: float) -> float:
        return seconds if self._hearing.hears() else SILENT_SECONDS

    def _age(self, at: float) -> float:
        return asyncio.get_running_loop().time() - at
