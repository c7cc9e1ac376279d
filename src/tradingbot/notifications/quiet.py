"""When a person sleeps, and when they may be told again."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tradingbot.notifications.schemas import NotificationSettings


def quiet_until(settings: NotificationSettings, now: datetime) -> datetime | None:
    """The end of the quiet hours `now` falls into; None outside of them."""
    start, end = settings.quiet_from, settings.quiet_until
    if start is None or end is None or start == end:
        return None
    zone = zone_of(settings)
    there = now.astimezone(zone)
    if not _is_between(there.time(), start, end):
        return None
    over = datetime.combine(there.date(), end, zone)
    # By the clock on the wall: a night may be an hour longer or shorter.
    return over if over > there else datetime.combine(there.date() + timedelta(1), end, zone)


def zone_of(settings: NotificationSettings) -> ZoneInfo:
    """UTC where the system has forgotten the zone since it was chosen."""
    try:
        return ZoneInfo(settings.timezone)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def _is_between(at: time, start: time, end: time) -> bool:
    return start <= at < end if start < end else at >= start or at < end
