"""The exchange port on ccxt."""

from collections.abc import Callable, Sequence
from functools import partial

from tradingbot.adapters.ccxt_access import Access
from tradingbot.adapters.ccxt_binance import Binance
from tradingbot.adapters.ccxt_bybit import Bybit
from tradingbot.adapters.ccxt_dialect import Dialect
from tradingbot.adapters.ccxt_market_data import CcxtMarketData
from tradingbot.adapters.ccxt_session import CcxtSession
from tradingbot.adapters.ccxt_wire import Keys
from tradingbot.exchanges.errors import ExchangeUnknown, ExchangeUnreachable
from tradingbot.exchanges.ports import Credentials, Mode
from tradingbot.kit.budget import Budget, OwnBudget
from tradingbot.kit.clock import Clock

DIALECTS: dict[str, Callable[[], Dialect]] = {"binance": Binance, "bybit": Bybit}


class CcxtExchanges:
    """See exchanges.ports.Exchanges. To be used inside the loop that runs the process.

    `open_secret` opens a sealed key; it is called for one signature at a time and its result is
    kept nowhere. `budget` is what all processes behind our address share; without it this one is
    taken to be alone.
    """

    def __init__(
        self,
        paper_url: str | None,
        open_secret: Callable[[str], str],
        clock: Clock,
        budget: Budget | None = None,
    ) -> None:
        self._budget = budget or OwnBudget()
        self._paper_url = paper_url
        self._open_secret = open_secret
        self._clock = clock
        self._accesses: dict[tuple[str, Mode], Access] = {}
        self._market_data: dict[tuple[str, Mode], CcxtMarketData] = {}
        self._sessions: dict[int, CcxtSession] = {}

    def names(self) -> Sequence[str]:
        return sorted(DIALECTS)

    def session(self, credentials: Credentials) -> CcxtSession:
        """The account's one session. Raises ExchangeUnknown."""
        known = self._sessions.get(credentials.account_id)
        if known is not None and known.keys.credentials == credentials:
            return known
        access = self._access(credentials.exchange, credentials.mode)
        session = CcxtSession(access, Keys(credentials, self._open_secret))
        self._sessions[credentials.account_id] = session
        return session

    def market_data(self, exchange: str, mode: Mode) -> CcxtMarketData:
        """Raises ExchangeUnknown."""
        key = (exchange, mode)
        if key not in self._market_data:
            self._market_data[key] = CcxtMarketData(self._access(exchange, mode))
        return self._market_data[key]

    async def forget(self, account_id: int) -> None:
        session = self._sessions.pop(account_id, None)
        if session is not None:
            await session.close()

    async def close(self) -> None:
        for account_id in list(self._sessions):
            await self.forget(account_id)
        for market_data in self._market_data.values():
            await market_data.close()
        for access in self._accesses.values():
            await access.close()

    def _access(self, exchange: str, mode: Mode) -> Access:
        if exchange not in DIALECTS:
            known = ", ".join(self.names())
            raise ExchangeUnknown(
                f"there is no exchange {exchange!r}; there is: {known}", field="exchange"
            )
        if mode is Mode.PAPER and self._paper_url is None:
            raise ExchangeUnreachable("no paper exchange is running: PAPER_EXCHANGE_URL is not set")
        key = (exchange, mode)
        if key not in self._accesses:
            make = partial(Access, DIALECTS[exchange]())
            self._accesses[key] = make(mode, self._paper_url, self._clock, self._budget)
        return self._accesses[key]
