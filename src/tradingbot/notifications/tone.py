"""Whether what is told is good, bad, or to be looked at."""

from decimal import Decimal
from typing import Literal

from tradingbot.events.schemas import EventType
from tradingbot.notifications.figures import number
from tradingbot.notifications.messages import DIGEST, URGENT
from tradingbot.notifications.ports import Message

Tone = Literal["plain", "good", "warning", "bad"]

GOOD = frozenset({EventType.TARGET_REACHED, EventType.ORDER_FILLED, EventType.BOT_STARTED})
WARNING = frozenset({EventType.BOT_STOPPED, EventType.ORDER_CANCELLED})


def tone(message: Message) -> Tone:
    if message.event_type == DIGEST:
        kinds = {one.get("event_type") for one in message.data.get("notifications", ())}
        return "bad" if kinds & URGENT else "plain"
    if message.event_type in URGENT:
        return "bad"
    profit = number(message.data.get("profit"))
    if profit is not None and profit < Decimal(0):
        return "warning"
    if message.event_type in WARNING:
        return "warning"
    is_good = message.event_type in GOOD or (profit is not None and profit > 0)
    return "good" if is_good else "plain"
