"""An account's session on its exchange, found by the account's id and shared in the process."""

from time import monotonic

from tradingbot.exchanges import repository as accounts
from tradingbot.exchanges.ports import Credentials, Exchanges, MarketData, Session
from tradingbot.kit.database import Database

# Keys changed through another process are in use here after this long.
KNOWN_SECONDS = 15.0


class Sessions:
    def __init__(self, database: Database, exchanges: Exchanges) -> None:
        self._database = database
        self._exchanges = exchanges
        self._known: dict[int, tuple[float, Credentials]] = {}

    async def of(self, account_id: int) -> Session:
        return self._exchanges.session(await self._credentials(account_id))

    async def market_data(self, account_id: int) -> MarketData:
        credentials = await self._credentials(account_id)
        return self._exchanges.market_data(credentials.exchange, credentials.mode)

    async def forget(self, account_id: int) -> None:
        """Its keys changed, or nobody needs it any more."""
        self._known.pop(account_id, None)
        await self._exchanges.forget(account_id)

    async def _credentials(self, account_id: int) -> Credentials:
        read_at, known = self._known.get(account_id, (0.0, None))
        if known is not None and monotonic() - read_at < KNOWN_SECONDS:
            return known
        async with self._database.asking() as driver:
            found = await accounts.credentials(driver, account_id)
        if known is not None and found != known:
            await self._exchanges.forget(account_id)  # its stream, too, ends and begins anew
        self._known[account_id] = (monotonic(), found)
        return found
