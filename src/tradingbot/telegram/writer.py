"""Screens into chats, at Telegram's pace, and after a group that is another now."""

from tradingbot.telegram.errors import ChatMoved, Refused
from tradingbot.telegram.ports import Line
from tradingbot.telegram.schemas import SaidMessage
from tradingbot.telegram.screens import Screen
from tradingbot.telegram.service import ChatDesk
from tradingbot.telegram.turns import Turns


class Writer:
    """Raises what its line does."""

    def __init__(self, line: Line, turns: Turns, chats: ChatDesk) -> None:
        self._line = line
        self._turns = turns
        self._chats = chats

    async def write(self, chat_id: int, screen: Screen) -> int:
        """The chat it went to."""
        await self._turns.to_answer(chat_id)
        try:
            await self._line.send(chat_id, screen)
        except ChatMoved as moved:
            await self._chats.move(chat_id, moved.chat_id)
            await self._line.send(moved.chat_id, screen)
            return moved.chat_id
        return chat_id

    async def replace(self, message: SaidMessage, screen: Screen) -> None:
        await self._turns.to_change()
        try:
            await self._line.change(message.chat.id, message.message_id, screen)
        except Refused:  # too old, or deleted
            await self.write(message.chat.id, screen)
