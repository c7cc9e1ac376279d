"""The channels there are, and who hears from each."""

from collections.abc import Callable, Mapping

from tradingbot.events.schemas import EventType
from tradingbot.notifications.schemas import NotificationSettings

QUEUE = "notification_queue"

# The console is the operator's own: it says what anybody is told.
WANTED: Mapping[str, Callable[[NotificationSettings], bool]] = {"console": lambda _: True}


def queue_of(channel: str) -> str:
    return f"{QUEUE}:{channel}"


def channels_for(settings: NotificationSettings, event_type: EventType) -> list[str]:
    if event_type not in settings.enabled_events:
        return []
    return [name for name, wanted in WANTED.items() if wanted(settings)]
