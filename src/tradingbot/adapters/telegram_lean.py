"""aiogram without its hundreds of models built: half the start-up time, 100 MB less.

Decision: as it is imported it builds a pydantic model for every object that Telegram knows, each
with all that it holds. We ask and are answered in plain JSON and need none of them, so that nobody
is let build while it is imported. Who imports this after the whole of aiogram gets the same names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel


@contextmanager
def _nothing_is_built() -> Iterator[None]:
    build = vars(BaseModel)["model_rebuild"]

    def later(_model: type[BaseModel], /, **_how: Any) -> None:
        """Not now."""

    type.__setattr__(BaseModel, "model_rebuild", classmethod(later))
    try:
        yield
    finally:
        type.__setattr__(BaseModel, "model_rebuild", build)


with _nothing_is_built():
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.exceptions import (
        AiogramError,
        TelegramBadRequest,
        TelegramForbiddenError,
        TelegramMigrateToChat,
        TelegramNotFound,
        TelegramRetryAfter,
        TelegramUnauthorizedError,
    )
    from aiogram.methods.base import TelegramMethod
    from aiogram.utils.token import TokenValidationError

__all__ = [
    "AiogramError",
    "AiohttpSession",
    "Bot",
    "TelegramAPIServer",
    "TelegramBadRequest",
    "TelegramForbiddenError",
    "TelegramMethod",
    "TelegramMigrateToChat",
    "TelegramNotFound",
    "TelegramRetryAfter",
    "TelegramUnauthorizedError",
    "TokenValidationError",
]
