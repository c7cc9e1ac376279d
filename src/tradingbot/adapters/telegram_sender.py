"""Messages to people in their Telegram chats."""

from collections.abc import Awaitable, Callable

from tradingbot.notifications.errors import CannotDeliver
from tradingbot.notifications.ports import Message, Receipt
from tradingbot.telegram.errors import ChatGone, ChatMoved, Refused
from tradingbot.telegram.markup import escape
from tradingbot.telegram.ports import Line
from tradingbot.telegram.screens import Screen
from tradingbot.telegram.turns import Turns

ADVICE_CHARACTERS_MAX = 1000

Moved = Callable[[int, int], Awaitable[None]]


class TelegramSender:
    """`moved` keeps in mind that a group, the first, is another now. See notifications.ports."""

    name = "telegram"

    def __init__(self, line: Line, turns: Turns, moved: Moved) -> None:
        self._line = line
        self._turns = turns
        self._moved = moved

    async def send(self, message: Message) -> Receipt:
        """Raise CannotDeliver, Later; TelegramAway and TokenRefused mean: at another time."""
        try:
            chat_id = int(message.address)
        except ValueError:
            raise CannotDeliver("there is no Telegram chat to tell it to") from None
        try:
            return await self._send(chat_id, screen_of(message))
        except ChatGone as gone:
            raise CannotDeliver(f"Telegram: {gone}", gone=True) from None
        except Refused as refused:
            raise CannotDeliver(f"Telegram: {refused}") from None

    async def _send(self, chat_id: int, screen: Screen) -> Receipt:
        await self._turns.to_tell(chat_id)
        try:
            number = await self._line.send(chat_id, screen)
        except ChatMoved as moved:
            await self._moved(chat_id, moved.chat_id)
            number = await self._line.send(moved.chat_id, screen)
        return Receipt(reference=str(number))


def screen_of(message: Message) -> Screen:
    """Nothing in a message is markup, whatever a bot or a symbol is called."""
    lines = [f"<b>{escape(message.title)}</b>"]
    lines += [f"{escape(name)}: {escape(value)}" for name, value in message.facts]
    if message.advice:
        lines.append(f"<i>{escape(message.advice, ADVICE_CHARACTERS_MAX)}</i>")
    return Screen("\n".join(lines))
