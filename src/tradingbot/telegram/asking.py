"""Somebody asks something in a chat: who, what, and the desks that can answer it."""

from dataclasses import dataclass

from tradingbot.bots import repository as bots
from tradingbot.bots.errors import BotNotFound
from tradingbot.bots.ledger import LedgerDesk
from tradingbot.bots.repository import Bot
from tradingbot.bots.service import BotDesk
from tradingbot.exchanges.service import AccountDesk
from tradingbot.kit.database import Database
from tradingbot.kit.pagination import ID_MAX, decode
from tradingbot.notifications.desk import NotificationDesk
from tradingbot.orders.service import OrderDesk
from tradingbot.telegram.repository import Chat
from tradingbot.telegram.schemas import Role
from tradingbot.telegram.screens import Ask
from tradingbot.telegram.service import ChatDesk
from tradingbot.telegram.words import Words

FIRST = "first"
DIGITS_MAX = 18


@dataclass(frozen=True, slots=True)
class Desks:
    """The use cases, the same that answer HTTP."""

    database: Database
    chats: ChatDesk
    notifications: NotificationDesk
    accounts: AccountDesk
    bots: BotDesk
    ledger: LedgerDesk
    orders: OrderDesk


@dataclass(frozen=True, slots=True)
class Asking:
    desks: Desks
    chat: Chat
    words: Words
    ask: Ask

    @property
    def user_id(self) -> int:
        return self.chat.user_id

    @property
    def acts(self) -> bool:
        return self.chat.role == Role.OPERATOR

    def arg(self, at: int) -> str:
        return self.ask.args[at] if at < len(self.ask.args) else ""

    def before(self, at: int) -> int:
        """Where the page begins. Raises CursorInvalid."""
        cursor = self.arg(at)
        return ID_MAX if cursor in {"", FIRST} else decode(cursor)

    async def bot(self) -> Bot:
        """The one named first. Raises BotNotFound: also when it is somebody else's."""
        digits = self.arg(0)
        found = None
        if digits.isascii() and digits.isdecimal() and len(digits) <= DIGITS_MAX:
            async with self.desks.database.reading() as connection:
                found = await bots.owned(connection, self.user_id, int(digits))
        if found is None:
            raise BotNotFound("there is no such bot")
        return found
