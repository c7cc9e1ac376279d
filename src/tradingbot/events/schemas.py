"""What can happen, and how it is told."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class EventType(StrEnum):
    """What a person can be told about, by the names other programs know."""

    BOT_CREATED = "bot_created"
    BOT_STARTED = "bot_started"
    BOT_STOPPED = "bot_stopped"
    BOT_ERROR = "bot_error"
    ORDER_PLACED = "order_placed"
    ORDER_FILLED = "order_filled"
    ORDER_CANCELLED = "order_cancelled"
    EXCHANGE_ERROR = "exchange_error"
    TARGET_REACHED = "target_reached"
    DEAL_CLOSED = "deal_closed"
    ACCOUNT_WARNING = "account_warning"
    DAILY_SUMMARY = "daily_summary"


class EventView(BaseModel):
    """Something that happened, and why."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    bot_id: int | None
    order_id: int | None
    type: str
    message: str
    data: dict[str, Any]
    created_at: datetime
