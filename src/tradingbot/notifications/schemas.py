"""What crosses the API, and what crosses the queue."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field
from pydantic.config import JsonDict

from tradingbot.events.schemas import EventType

ID_MAX = 2**63 - 1
EVERY_EVENT = tuple(EventType)

EXAMPLE: JsonDict = {
    "email_enabled": True,
    "email_address": "anna@example.com",
    "telegram_enabled": False,
    "telegram_chat_id": None,
    "webhook_enabled": True,
    "webhook_url": "https://example.com/hooks/trading",
    "language": "en",
    "enabled_events": ["order_filled", "bot_error"],
}


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError when it is no number
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must look like https://host/path")
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ValueError("must hold no blanks")
    return url


WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(_web_address)]
ChatId = Annotated[int, Field(strict=True, ge=-ID_MAX, le=ID_MAX)]


def _each_once(kinds: list[EventType]) -> list[EventType]:
    return list(dict.fromkeys(kinds))


class NotificationSettings(BaseModel):
    """Who hears what, where, in which language. What is left out stays as it is."""

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, json_schema_extra={"example": EXAMPLE}
    )

    email_enabled: bool = False
    email_address: EmailStr | None = None
    telegram_enabled: bool = False
    telegram_chat_id: ChatId | None = None
    webhook_enabled: bool = False
    webhook_url: WebAddress | None = None
    language: Literal["en", "ru"] = "en"
    enabled_events: Annotated[list[EventType], AfterValidator(_each_once)] = list(EVERY_EVENT)


class DeliveryView(BaseModel):
    """How one channel got on with it. `error`: what the last try was told."""

    channel: str
    status: Literal["pending", "sent", "dead"]
    attempts: int
    error: str | None
    sent_at: datetime | None


class NotificationView(BaseModel):
    """Something there was to tell, in the reader's language, and each telling of it."""

    id: int
    event_type: str
    text: str
    data: dict[str, Any]
    created_at: datetime
    deliveries: list[DeliveryView]


class QueuedNotification(BaseModel):
    """An item of `notification_queue`; anybody may push one."""

    id: Annotated[str | int, Field(union_mode="left_to_right")]
    user_id: Annotated[int, Field(ge=1, le=ID_MAX)]
    event_type: EventType
    data: dict[str, Any] = {}


class QueuedDelivery(BaseModel):
    """An item of `notification_queue:<channel>`."""

    delivery_id: Annotated[int, Field(ge=1, le=ID_MAX)]
