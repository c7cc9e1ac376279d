"""A bot's line to Telegram, through aiogram; its token never leaves here."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tradingbot.adapters.telegram_lean import (
    AiogramError,
    AiohttpSession,
    Bot,
    TelegramAPIServer,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
    TokenValidationError,
)
from tradingbot.adapters.telegram_methods import (
    Acknowledge,
    Change,
    Json,
    Me,
    OfferMenu,
    Send,
    TakeCalls,
    TakeNoCalls,
    Updates,
)
from tradingbot.kit.scrub import HIDDEN, scrub_text
from tradingbot.notifications.errors import Later
from tradingbot.telegram.errors import ChatGone, ChatMoved, Refused, TelegramAway, TokenRefused
from tradingbot.telegram.markup import cut
from tradingbot.telegram.screens import Screen

ANSWER_SECONDS = 15
KINDS = ["message", "callback_query", "my_chat_member"]
HTML = "HTML"
# How Telegram says that there is nobody there, where it does not say 403.
GONE = ("chat not found", "user not found", "group chat was deactivated", "peer_id_invalid")
UNCHANGED = "message is not modified"
NO_PREVIEW = {"is_disabled": True}
REFUSED = "TELEGRAM_BOT_TOKEN: Telegram knows no bot with this token; ask @BotFather for it"


class TelegramLine:
    """See telegram.ports.Line. Raises TokenRefused when the token does not look like one."""

    def __init__(self, token: str, api_url: str) -> None:
        session = AiohttpSession(api=TelegramAPIServer.from_base(api_url), timeout=ANSWER_SECONDS)
        try:
            self._bot = Bot(token, session)
        except TokenValidationError:
            raise TokenRefused(REFUSED) from None
        self._token = token

    @property
    def bot_id(self) -> int:
        return self._bot.id

    async def username(self) -> str:
        async with self._asking():
            return str((await self._bot(Me())).get("username", ""))

    async def updates(self, offset: int | None, wait_seconds: int) -> Sequence[dict[str, Any]]:
        asked = Updates(offset=offset, timeout=wait_seconds, allowed_updates=KINDS)
        async with self._asking():
            return await self._bot(asked, request_timeout=ANSWER_SECONDS + wait_seconds)

    async def send(self, chat_id: int, screen: Screen) -> int:
        async with self._asking():
            sent: Any = await self._bot(Send(chat_id=chat_id, **_form(screen)))
            return int(sent.get("message_id", 0))
        raise AssertionError("what is asked is answered, or an error")

    async def change(self, chat_id: int, message_id: int, screen: Screen) -> None:
        async with self._asking():
            form = _form(screen)
            await self._bot(Change(chat_id=chat_id, message_id=message_id, **form))

    async def acknowledge(self, callback_id: str) -> None:
        with suppress(Exception):
            await self._bot(Acknowledge(callback_query_id=callback_id))

    async def offer_menu(self, commands: Mapping[str, str], language: str | None) -> None:
        shown = [{"command": name, "description": what} for name, what in commands.items()]
        async with self._asking():
            await self._bot(OfferMenu(commands=shown, language_code=language))

    async def take_calls(self, url: str, secret: str) -> None:
        async with self._asking():
            await self._bot(TakeCalls(url=url, secret_token=secret, allowed_updates=KINDS))

    async def take_no_calls(self) -> None:
        async with self._asking():
            await self._bot(TakeNoCalls())

    async def close(self) -> None:
        await self._bot.session.close()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """In our own errors: aiogram's hold addresses, and the token is part of each."""
        try:
            yield
        except TelegramRetryAfter as later:
            raise Later(later.retry_after, f"Telegram: wait {later.retry_after} s") from None
        except TelegramMigrateToChat as moved:
            raise ChatMoved(moved.migrate_to_chat_id) from None
        except (TelegramUnauthorizedError, TelegramNotFound):
            # What is not found is the bot: to an unknown chat it says "bad request".
            raise TokenRefused(REFUSED) from None
        except TelegramForbiddenError as forbidden:
            raise ChatGone(self._words(forbidden)) from None
        except TelegramBadRequest as bad:
            self._judge(self._words(bad))
        except (TimeoutError, AiogramError, OSError) as error:
            raise TelegramAway(f"Telegram does not answer: {self._words(error)}") from None

    def _judge(self, words: str) -> None:
        said = words.lower()
        if UNCHANGED in said:
            return
        if any(each in said for each in GONE):
            raise ChatGone(words) from None
        raise Refused(words) from None

    def _words(self, error: BaseException) -> str:
        words = str(getattr(error, "message", "") or error).splitlines() or [""]
        shown = scrub_text(words[0].replace(self._token, HIDDEN))
        return shown or type(error).__name__


def _form(screen: Screen) -> Json:
    return {
        "text": cut(screen.text),
        "parse_mode": HTML,
        "reply_markup": _keyboard(screen),
        "link_preview_options": NO_PREVIEW,
    }


def _keyboard(screen: Screen) -> Json | None:
    if not screen.rows:
        return None
    rows = [[{"text": one.label, "callback_data": one.asks} for one in row] for row in screen.rows]
    return {"inline_keyboard": rows}
