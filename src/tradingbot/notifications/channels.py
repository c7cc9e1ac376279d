"""The channels there are, and where each finds a person."""

from collections.abc import Callable, Collection, Mapping

from tradingbot.events.schemas import EventType
from tradingbot.notifications.schemas import SettingsView

QUEUE = "notification_queue"


def _telegram(settings: SettingsView) -> str:
    chat_id = settings.telegram_chat_id
    return str(chat_id) if settings.telegram_enabled and chat_id is not None else ""


def _email(settings: SettingsView) -> str:
    ready = settings.email_enabled and settings.email_verified_at is not None
    return (settings.email_address or "") if ready else ""


def _webhook(settings: SettingsView) -> str:
    return (settings.webhook_url or "") if settings.webhook_enabled else ""


# Empty: the person does not hear from it. The console is the operator's own: it says what anybody
# is told.
ADDRESS: Mapping[str, Callable[[SettingsView], str]] = {
    "console": lambda _: "console",
    "telegram": _telegram,
    "email": _email,
    "webhook": _webhook,
}
# Nobody is woken by these: each thing is said by itself, when it happens.
EACH = frozenset({"console"})
# What must be there, in this order, for a person to hear from a channel.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "console": (),
    "telegram": ("telegram_enabled", "telegram_chat_id"),
    "email": ("email_enabled", "email_address", "email_verified_at"),
    "webhook": ("webhook_enabled", "webhook_url"),
}


def queue_of(channel: str) -> str:
    return f"{QUEUE}:{channel}"


def channels_for(
    settings: SettingsView, event_type: EventType, offered: Collection[str]
) -> list[str]:
    """Of those the operator offers."""
    if event_type not in settings.enabled_events:
        return []
    return [name for name, address in ADDRESS.items() if name in offered and address(settings)]


def missing(channel: str, settings: SettingsView) -> str | None:
    """The first field that keeps a person from hearing from it."""
    return next((name for name in NEEDS[channel] if not getattr(settings, name)), None)
