"""Where Telegram may reach us, and what it shows there."""

from tradingbot.api.telegram import PREFIX
from tradingbot.telegram.inbox import Calls
from tradingbot.telegram.poller import Hook
from tradingbot.telegram.service import ChatDesk
from tradingbot.wiring.foundation import Foundation
from tradingbot.wiring.telling import audiences


def hook(base: Foundation) -> Hook | None:
    """None: nobody outside reaches us, so Telegram is asked instead."""
    if not base.settings.public_url:
        return None
    return Hook(f"{base.settings.public_url.rstrip('/')}{PREFIX}/webhook", _secret(base))


def calls(base: Foundation) -> Calls | None:
    number = base.settings.telegram_bot_token.get_secret_value().partition(":")[0]
    if not base.settings.public_url or not number.isdecimal():
        return None
    return Calls(base.database, base.doorbell, int(number), _secret(base))


def chats(base: Foundation) -> ChatDesk:
    return ChatDesk(base.database, base.vault.fingerprints, audiences(base))


def _secret(base: Foundation) -> str:
    """The same in every process, without being kept or told anywhere."""
    token = base.settings.telegram_bot_token.get_secret_value()
    return base.vault.fingerprint(f"telegram webhook {token}")
