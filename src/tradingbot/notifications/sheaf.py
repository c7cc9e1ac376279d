"""Everything that is due to one person on one channel: what is told now, how, and what waits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tradingbot.notifications.channels import ADDRESS, EACH
from tradingbot.notifications.messages import (
    DIGEST,
    TEST,
    URGENT,
    Happened,
    Telling,
    digest,
    tell,
)
from tradingbot.notifications.ports import Message
from tradingbot.notifications.quiet import quiet_until, zone_of
from tradingbot.notifications.schemas import SettingsView

# So many are told one by one; more than that in one.
ALONE_MAX = 3
MINUTE = timedelta(minutes=1)
QUIET, ENOUGH = "quiet hours", "enough for this minute"
# Why something waits that could be told: its reader's wish, and not the channel's.
OWN_REASONS = (QUIET, ENOUGH)


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery that is ours; `attempts` counts this one."""

    delivery_id: int
    attempts: int
    event_type: str
    data: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Sheaf:
    """`sent`: how many messages the last minute had, the first of them at `first_sent_at`."""

    channel: str
    user_id: int
    settings: SettingsView
    now: datetime
    sent: int
    first_sent_at: datetime | None
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    messages: list[Message] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    until: datetime | None = None
    why: str = ""


def plan(sheaf: Sheaf) -> Plan:
    """What is urgent is told at any hour and pace, a test too; the rest as its reader wants it."""
    if sheaf.channel in EACH:
        return Plan([_alone(sheaf, held) for held in sheaf.held])
    tests = [held for held in sheaf.held if held.event_type == TEST]
    urgent = [held for held in sheaf.held if held.event_type in URGENT]
    rest = [held for held in sheaf.held if held.event_type not in {*URGENT, TEST}]
    now = [_alone(sheaf, held) for held in tests] + _told(sheaf, urgent)
    until, why = _pause(sheaf, len(now))
    if rest and until is not None:
        return Plan(now, [held.delivery_id for held in rest], until, why)
    room = sheaf.settings.max_per_minute - sheaf.sent - len(now)
    return Plan(now + _told(sheaf, rest, room))


def _pause(sheaf: Sheaf, going: int) -> tuple[datetime | None, str]:
    quiet = quiet_until(sheaf.settings, sheaf.now)
    if quiet is not None:
        return quiet, QUIET
    if sheaf.sent + going < sheaf.settings.max_per_minute:
        return None, ""
    return (sheaf.first_sent_at or sheaf.now) + MINUTE, ENOUGH


def _told(sheaf: Sheaf, held: Sequence[Held], room: int = ALONE_MAX) -> list[Message]:
    if not held or len(held) <= min(ALONE_MAX, room):
        return [_alone(sheaf, one) for one in held]
    happened = [Happened(one.event_type, one.data, one.created_at) for one in held]
    telling = digest(happened, sheaf.settings.language, zone_of(sheaf.settings))
    data = {"notifications": [{"event_type": one.event_type, **one.data} for one in held]}
    return [_message(sheaf, held, DIGEST, telling, data)]


def _alone(sheaf: Sheaf, held: Held) -> Message:
    telling = tell(held.event_type, held.data, sheaf.settings.language)
    return _message(sheaf, [held], held.event_type, telling, held.data)


def _message(
    sheaf: Sheaf, held: Sequence[Held], event_type: str, telling: Telling, data: dict[str, Any]
) -> Message:
    return Message(
        delivery_ids=tuple(one.delivery_id for one in held),
        user_id=sheaf.user_id,
        address=ADDRESS[sheaf.channel](sheaf.settings),
        event_type=event_type,
        language=sheaf.settings.language,
        title=telling.title,
        facts=telling.facts,
        advice=telling.advice,
        text=telling.text,
        data=data,
        happened_at=max(one.created_at for one in held).astimezone(zone_of(sheaf.settings)),
    )
