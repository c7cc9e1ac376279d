"""What can go wrong between a chat, its account and Telegram, by name."""

from typing import ClassVar

from tradingbot.kit.errors import EXIT_HOPELESS, Conflict, Fact, Invalid, NotFound, Unavailable


class LinkUnknown(Invalid):
    code = "link_unknown"


class LinkExpired(Invalid):
    code = "link_expired"


class LinkUsed(Conflict):
    code = "link_used"


class ChatNotFound(NotFound):
    code = "chat_not_found"


class TelegramOff(Conflict):
    """No bot of ours has ever answered: no token is given, or its process has not started yet."""

    code = "telegram_off"


class WebhookForbidden(NotFound):
    """Who calls it does not know the secret: for him there is nothing here."""


class TokenRefused(Fact):
    """Telegram knows no bot with this token. Asking again would not help."""

    code = "token_refused"
    exit_code: ClassVar[int] = EXIT_HOPELESS


class TelegramAway(Unavailable):
    """It does not answer, or answers nonsense; the message never holds the token."""

    code = "telegram_away"


class ChatGone(Exception):  # noqa: N818  # errors are named after what is the case
    """Whoever it was has blocked the bot or left, or there never was such a chat."""


class ChatMoved(Exception):  # noqa: N818  # errors are named after what is the case
    """A group has become a supergroup, under another number."""

    def __init__(self, chat_id: int) -> None:
        super().__init__(f"it is {chat_id} now")
        self.chat_id = chat_id


class Refused(Exception):  # noqa: N818  # errors are named after what is the case
    """Telegram will not have this message, in its own words."""
