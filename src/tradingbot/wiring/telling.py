"""The notification parts of a process, from the settings."""

from tradingbot.adapters.web_gate import WebGate
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.desk import NotificationDesk
from tradingbot.settings import Settings
from tradingbot.wiring.foundation import Foundation


def offered(settings: Settings) -> frozenset[str]:
    """The channels the operator has set up."""
    found = {"console", "webhook"}
    if settings.telegram_bot_token.get_secret_value():
        found.add("telegram")
    if settings.smtp_url:
        found.add("email")
    return frozenset(found)


def gate(settings: Settings) -> WebGate:
    return WebGate(allow_private=settings.webhook_allow_private)


def audiences(base: Foundation) -> Audiences:
    return Audiences(base.database, base.cache)


def desk(base: Foundation) -> NotificationDesk:
    return NotificationDesk(
        base.database,
        base.queue,
        base.vault,
        gate(base.settings),
        audiences(base),
        offered(base.settings),
    )
