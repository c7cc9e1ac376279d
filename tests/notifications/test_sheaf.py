"""What is due to one person: told one by one, in one, or left to wait."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from tradingbot.events.schemas import EventType
from tradingbot.notifications.schemas import SettingsView
from tradingbot.notifications.sheaf import Held, Sheaf, plan

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
ON: dict[str, Any] = {"webhook_enabled": True, "webhook_url": "https://example.com/x"}
NIGHT: dict[str, Any] = {"quiet_from": time(11), "quiet_until": time(13)}


def sheaf(
    *kinds: str, sent: int = 0, channel: str = "webhook", at: datetime = NOW, **chosen: Any
) -> Sheaf:
    held = tuple(
        Held(number, 1, kind, {"profit": "2", "symbol": "BTC/USDT"}, at)
        for number, kind in enumerate(kinds, 1)
    )
    settings = SettingsView.model_construct(**ON | chosen)
    first = NOW - timedelta(seconds=40) if sent else None
    return Sheaf(channel, 1, settings, NOW, sent, first, held)


def told(asked: Sheaf) -> list[tuple[str, int]]:
    return [(message.event_type, len(message.delivery_ids)) for message in plan(asked).messages]


FILL, TROUBLE = EventType.ORDER_FILLED, EventType.BOT_ERROR


def test_three_are_told_one_by_one_and_four_in_one() -> None:
    assert told(sheaf(*[FILL] * 3)) == [(FILL, 1)] * 3
    assert told(sheaf(*[FILL] * 4)) == [("digest", 4)]


def test_a_digest_says_how_many_and_what_they_made() -> None:
    (message,) = plan(sheaf(*[FILL] * 23)).messages
    assert message.title == "Orders filled: 23"
    assert dict(message.facts)["Profit"] == "46.00 USDT"
    assert message.delivery_ids == tuple(range(1, 24))
    assert len(message.data["notifications"]) == 23
    assert message.address == "https://example.com/x"


def test_a_message_has_its_time_by_the_readers_clock() -> None:
    (message,) = plan(sheaf(FILL, timezone="Asia/Almaty")).messages
    assert message.happened_at == NOW
    assert message.happened_at.hour == 17


def test_a_digest_groups_the_digits_of_its_counts() -> None:
    (message,) = plan(sheaf(*[FILL] * 1000, TROUBLE, language="ru")).messages[1:]
    assert message.title == "Ордеров исполнено: 1 000"


def test_a_full_minute_waits_until_its_first_message_is_a_minute_old() -> None:
    planned = plan(sheaf(FILL, FILL, sent=20))
    assert (planned.messages, planned.waiting) == ([], [1, 2])
    assert planned.until == NOW + timedelta(seconds=20)


def test_what_does_not_fit_into_the_minute_goes_in_one() -> None:
    assert told(sheaf(FILL, FILL, sent=19)) == [("digest", 2)]
    assert told(sheaf(FILL, FILL, sent=18)) == [(FILL, 1)] * 2


def test_at_night_only_what_is_urgent_is_told() -> None:
    planned = plan(sheaf(FILL, TROUBLE, EventType.EXCHANGE_ERROR, **NIGHT))
    assert [message.event_type for message in planned.messages] == [TROUBLE, "exchange_error"]
    assert (planned.waiting, planned.until) == ([1], NOW + timedelta(hours=1))


def test_what_is_urgent_goes_through_a_full_minute_and_a_flood_of_it_in_one() -> None:
    assert told(sheaf(TROUBLE, sent=50)) == [(TROUBLE, 1)]
    assert told(sheaf(*[TROUBLE] * 9, FILL, sent=50)) == [("digest", 9)]


def test_a_test_is_told_by_itself_at_any_time() -> None:
    planned = plan(sheaf("test", *[FILL] * 5, sent=50, **NIGHT))
    assert [message.event_type for message in planned.messages] == ["test"]


def test_the_operators_log_has_each_by_itself() -> None:
    assert told(sheaf(*[FILL] * 9, channel="console", sent=99, **NIGHT)) == [(FILL, 1)] * 9
