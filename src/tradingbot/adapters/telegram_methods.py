"""What we ask of Telegram, by its own names, in plain JSON.

aiogram has a class for each of these, too; but an answer that it cannot read has been obeyed all
the same, and must neither be sent again nor keep others from us.
Source: https://core.telegram.org/bots/api.
"""

from typing import Any, ClassVar, TypeAlias

from tradingbot.adapters.telegram_lean import TelegramMethod

Json: TypeAlias = dict[str, Any]


class Me(TelegramMethod[Json]):
    __returning__: ClassVar[Any] = Json
    __api_method__: ClassVar[str] = "getMe"


class Updates(TelegramMethod[list[Json]]):
    __returning__: ClassVar[Any] = list[Json]
    __api_method__: ClassVar[str] = "getUpdates"

    offset: int | None
    timeout: int
    allowed_updates: list[str]


class Send(TelegramMethod[Json]):
    __returning__: ClassVar[Any] = Json
    __api_method__: ClassVar[str] = "sendMessage"

    chat_id: int
    text: str
    parse_mode: str
    reply_markup: Json | None
    link_preview_options: Json


class Change(TelegramMethod[Any]):
    __returning__: ClassVar[Any] = Any
    __api_method__: ClassVar[str] = "editMessageText"

    chat_id: int
    message_id: int
    text: str
    parse_mode: str
    reply_markup: Json | None
    link_preview_options: Json


class Acknowledge(TelegramMethod[Any]):
    __returning__: ClassVar[Any] = Any
    __api_method__: ClassVar[str] = "answerCallbackQuery"

    callback_query_id: str


class OfferMenu(TelegramMethod[Any]):
    __returning__: ClassVar[Any] = Any
    __api_method__: ClassVar[str] = "setMyCommands"

    commands: list[Json]
    language_code: str | None


class TakeCalls(TelegramMethod[Any]):
    __returning__: ClassVar[Any] = Any
    __api_method__: ClassVar[str] = "setWebhook"

    url: str
    secret_token: str
    allowed_updates: list[str]


class TakeNoCalls(TelegramMethod[Any]):
    __returning__: ClassVar[Any] = Any
    __api_method__: ClassVar[str] = "deleteWebhook"
