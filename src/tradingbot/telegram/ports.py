"""What we need of Telegram."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tradingbot.telegram.screens import Screen


class Line(Protocol):
    """A bot's line to Telegram.

    Everything here may raise TokenRefused, TelegramAway and notifications.errors.Later; what
    writes into a chat ChatGone, ChatMoved and Refused too.
    """

    @property
    def bot_id(self) -> int: ...

    async def username(self) -> str: ...

    async def updates(self, offset: int | None, wait_seconds: int) -> Sequence[dict[str, Any]]:
        """What is new from `offset` on, as it came; with it all before is forgotten there."""
        ...

    async def send(self, chat_id: int, screen: Screen) -> int:
        """Its number in the chat."""
        ...

    async def change(self, chat_id: int, message_id: int, screen: Screen) -> None:
        """Put another screen in the place of one. The same again is fine."""
        ...

    async def acknowledge(self, callback_id: str) -> None:
        """Let a pressed button come to rest. Never raises: it may be too old for that."""
        ...

    async def offer_menu(self, commands: Mapping[str, str], language: str | None) -> None:
        """The commands people are shown; `language` None: where there is no menu of their own."""
        ...

    async def take_calls(self, url: str, secret: str) -> None:
        """From now on Telegram brings what is new to `url`, with `secret` in a header."""
        ...

    async def take_no_calls(self) -> None: ...

    async def close(self) -> None: ...
