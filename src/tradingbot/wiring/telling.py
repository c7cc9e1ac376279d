"""The notification parts of a process, from the settings."""

from tradingbot.adapters.smtp_line import SmtpLine
from tradingbot.adapters.web_gate import WebGate
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.confirmation import Confirmations
from tradingbot.notifications.desk import NotificationDesk
from tradingbot.notifications.mail_server import Sender, mail_server, sender_of
from tradingbot.notifications.way_out import WayOut
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
        confirmations(base),
    )


def confirmations(base: Foundation) -> Confirmations:
    settings = base.settings
    return Confirmations(
        base.database,
        base.vault,
        audiences(base),
        settings.public_url or own_url(settings),
        offered="email" in offered(settings),
    )


def way_out(base: Foundation) -> WayOut:
    url = base.settings.public_url or own_url(base.settings)
    return WayOut(base.database, base.vault, audiences(base), url)


def own_url(settings: Settings) -> str:
    """Where a browser on this machine finds the API."""
    host = settings.api_host
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104  # not to listen at
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{settings.api_port}"


def mail_line(settings: Settings) -> SmtpLine:
    return SmtpLine(mail_server(settings.smtp_url))


def mail_sender(settings: Settings) -> Sender:
    return sender_of(settings.mail_from, mail_server(settings.smtp_url))
