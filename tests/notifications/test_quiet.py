"""Quiet hours by the clock on the reader's own wall."""

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingbot.notifications.quiet import quiet_until
from tradingbot.notifications.schemas import NotificationSettings


def quiet(start: str, end: str, zone: str = "UTC") -> NotificationSettings:
    return NotificationSettings.model_validate(
        {"quiet_from": start, "quiet_until": end, "timezone": zone}
    )


@pytest.mark.parametrize(
    ("settings", "now", "until"),
    [
        (quiet("22:00", "07:00"), "2026-01-05T23:00Z", "2026-01-06T07:00Z"),
        (quiet("22:00", "07:00"), "2026-01-06T06:59Z", "2026-01-06T07:00Z"),
        (quiet("22:00", "07:00"), "2026-01-06T07:00Z", None),
        (quiet("22:00", "07:00"), "2026-01-06T21:59Z", None),
        (quiet("13:00", "15:00"), "2026-01-06T14:00Z", "2026-01-06T15:00Z"),
        (quiet("13:00", "15:00"), "2026-01-06T12:00Z", None),
        (quiet("22:00", "07:00", "Asia/Tokyo"), "2026-01-06T13:30Z", "2026-01-06T22:00Z"),
        # The night in which Berlin loses an hour ends at seven all the same.
        (quiet("22:00", "07:00", "Europe/Berlin"), "2026-03-28T22:00Z", "2026-03-29T05:00Z"),
        (NotificationSettings(), "2026-01-06T03:00Z", None),
    ],
)
def test_the_night_ends_when_the_clock_says(
    settings: NotificationSettings, now: str, until: str | None
) -> None:
    expected = None if until is None else datetime.fromisoformat(until)
    assert quiet_until(settings, datetime.fromisoformat(now)) == expected


MOMENTS = st.datetimes().map(lambda at: at.replace(year=2026, tzinfo=UTC, day=1))


@given(st.times(), st.times(), MOMENTS)
def test_it_always_ends_within_a_day(start: time, end: time, now: datetime) -> None:
    settings = NotificationSettings.model_construct(
        quiet_from=start, quiet_until=end, timezone="UTC"
    )
    until = quiet_until(settings, now)
    assert until is None or 0 < (until - now).total_seconds() <= 86_400


def test_a_zone_the_system_forgot_is_utc() -> None:
    settings = NotificationSettings.model_construct(
        quiet_from=time(22), quiet_until=time(7), timezone="Mars/Olympus"
    )
    now = datetime(2026, 1, 5, 23, tzinfo=UTC)
    assert quiet_until(settings, now) == datetime(2026, 1, 6, 7, tzinfo=UTC)
