"""What crosses the API, and what crosses the queue."""

from datetime import datetime, time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    PlainSerializer,
    model_validator,
)
from pydantic.config import JsonDict

from tradingbot.events.schemas import EventType
from tradingbot.notifications.web_addresses import web_address

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
    "quiet_from": "22:30",
    "quiet_until": "07:00",
    "timezone": "Europe/Berlin",
    "max_per_minute": 10,
}
WebAddress = Annotated[str, Field(max_length=2000), AfterValidator(web_address)]
ChatId = Annotated[int, Field(strict=True, ge=-ID_MAX, le=ID_MAX)]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError("there is no such timezone; one is Europe/Berlin, another UTC") from None
    return name


def _minute(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("must look like 22:30, by the clock of `timezone`")
    return at.replace(second=0, microsecond=0)


Zone = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_zone)]
ByTheClock = Annotated[
    time, AfterValidator(_minute), PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str)
]


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
    quiet_from: ByTheClock | None = None
    quiet_until: ByTheClock | None = None
    timezone: Zone = "UTC"
    max_per_minute: Annotated[int, Field(strict=True, ge=1, le=600)] = 20

    @model_validator(mode="before")
    @classmethod
    def without_what_only_we_write(cls, body: object) -> object:
        """What was read can be put back as it is."""
        if cls is NotificationSettings and isinstance(body, dict):
            return {name: value for name, value in body.items() if name not in OURS}
        return body


class SettingsView(NotificationSettings):
    """With what only we write. `notes`: by channel, why it was switched off."""

    email_verified_at: datetime | None = None
    telegram_username: str | None = None
    telegram_role: Literal["operator", "viewer"] = "operator"
    notes: dict[str, str] = {}


class SettingsAnswer(SettingsView):
    """`webhook_secret`: what signs our messages to you, shown once, when it is made."""

    webhook_secret: str | None = None


class ChannelTest(BaseModel):
    """Which channel to try."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"channel": "webhook"}})

    channel: Literal["telegram", "email", "webhook", "console"]


class ChannelTestView(BaseModel):
    """What became of it. `pending`: no answer yet, and it is tried again; see the history."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "notification_id": 12,
                "channel": "webhook",
                "status": "sent",
                "reference": "",
                "words": "HTTP 200 ok",
            }
        }
    )

    notification_id: int
    channel: str
    status: Literal["pending", "sent", "dead"]
    reference: str
    words: str


class ConfirmationCode(BaseModel):
    """Six digits from the e-mail."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"code": "204981"}})

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class SecretView(BaseModel):
    """Shown once: keep it where your messages arrive."""

    model_config = ConfigDict(json_schema_extra={"example": {"webhook_secret": "q83v…"}})

    webhook_secret: str


class DeadLetterView(BaseModel):
    """Something pushed for you that made no sense, and why."""

    item: dict[str, Any]
    reason: str
    at: datetime


class DeadLettersView(BaseModel):
    items: list[DeadLetterView]


class ResentView(BaseModel):
    """How many channels try again."""

    resent: int


OURS = SettingsAnswer.model_fields.keys() - NotificationSettings.model_fields.keys()


class DeliveryView(BaseModel):
    """How one channel got on with it.

    `error`: what the last try was told; `reference` and `words`: what the channel answered.
    """

    channel: str
    status: Literal["pending", "sent", "dead"]
    attempts: int
    error: str | None
    reference: str | None
    words: str | None
    next_attempt_at: datetime
    sent_at: datetime | None


class NotificationView(BaseModel):
    """Something there was to tell, in the reader's language, and each telling of it."""

    id: int
    event_type: str
    title: str
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
