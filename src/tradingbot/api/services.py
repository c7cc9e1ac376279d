"""What the routes call: every use case, put together."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tradingbot.bots import repository as bots
from tradingbot.bots.ledger import LedgerDesk
from tradingbot.bots.parameters import AnyStrategy
from tradingbot.bots.service import BotDesk
from tradingbot.exchanges.ports import Exchanges, Mode
from tradingbot.exchanges.service import AccountDesk, Forget
from tradingbot.kit.clock import Clock
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.statement import Driver
from tradingbot.kit.vault import Vault
from tradingbot.ledger.balances import open_books
from tradingbot.notifications.confirmation import Confirmations
from tradingbot.notifications.desk import NotificationDesk
from tradingbot.notifications.way_out import WayOut
from tradingbot.orders.custody import Custody
from tradingbot.orders.service import OrderDesk
from tradingbot.orders.sessions import Sessions
from tradingbot.telegram.inbox import Calls
from tradingbot.telegram.service import ChatDesk
from tradingbot.users.passwords import Passwords
from tradingbot.users.service import Users
from tradingbot.users.throttle import Throttle
from tradingbot.users.tokens import AccessTokens

# Raises, with a sentence to show, while its part of the system is missing.
Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the API is made of: built by the wiring, closed by it too."""

    database: Database
    vault: Vault
    clock: Clock
    exchanges: Exchanges
    orders: OrderDesk
    notifications: NotificationDesk
    chats: ChatDesk
    confirmations: Confirmations
    way_out: WayOut
    strategies: Mapping[str, AnyStrategy]
    nudge: Callable[[], None]  # after a commit: sends on what it posted
    forget: Forget  # ends this process's session of an account
    mode_max: Mode = Mode.PAPER
    access_minutes: int = 30
    passwords: Passwords = field(default_factory=Passwords)
    calls: Calls | None = None  # from Telegram; None: it is asked instead
    checks: Mapping[str, Check] = field(default_factory=dict)


class Services:
    def __init__(self, parts: Parts) -> None:
        tokens = AccessTokens(parts.vault.signing_key(), parts.clock, parts.access_minutes)
        self.vault = parts.vault
        self.exchanges = parts.exchanges
        self.checks = parts.checks
        self.users = Users(
            parts.database, parts.clock, tokens, parts.passwords, Throttle(parts.clock)
        )
        self.accounts = AccountDesk(
            parts.database,
            parts.vault,
            parts.exchanges,
            parts.mode_max,
            bots.uses_account,
            parts.forget,
            open_books,
        )
        self.bots = BotDesk(
            parts.database, self.accounts, parts.exchanges, parts.strategies, parts.nudge
        )
        self.ledger = LedgerDesk(parts.database, parts.exchanges)
        self.orders = parts.orders
        self.notifications = parts.notifications
        self.chats = parts.chats
        self.calls = parts.calls
        self.confirmations = parts.confirmations
        self.way_out = parts.way_out
        self.custody = Custody(parts.database, Sessions(parts.database, parts.exchanges))
        self._database = parts.database

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """For questions only, each by itself."""
        async with self._database.reading() as connection:
            yield connection

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Driver]:
        """The driver itself, for what is asked most: SQLAlchemy's layers take as long as it."""
        async with self._database.asking() as driver:
            yield driver

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """One transaction, committed when the block ends, before the answer leaves."""
        async with self._database.begin() as connection:
            yield connection
