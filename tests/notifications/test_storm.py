"""Whatever dies, whatever refuses: all arrives, twice only what a dead courier had in hand."""

from dataclasses import replace

from tests.notifications.ways import WEBHOOK, by_webhook, counted, tells_of


async def test_nothing_is_lost_and_nothing_doubled_but_what_was_in_hand_at_a_kill(
    database_url: str, redis_url: str
) -> None:
    outcome = await by_webhook(
        replace(WEBHOOK, messages=120, users=12, kills=2), database_url, redis_url
    )
    assert (outcome.lost, outcome.dead) == (0, 0)
    assert outcome.kills > 0
    # No channel lets us ask whether it came. At the full size: at most one in a thousand.
    assert outcome.doubled <= outcome.in_hand


def test_what_is_counted_by_numbers_and_titles_misses_nothing() -> None:
    assert tells_of("Order filled") == 1
    assert tells_of("<b>18 messages at once</b>") == 18
    assert tells_of("Orders filled: 1,000") == 1000
    noted = {1: "a", 2: "b", 3: "b"}
    assert counted([("a", 1), ("b", 2)], noted) == (0, 0)
    assert counted([("a", 1)], noted) == (2, 0)
    assert counted([("a", 1), ("b", 1)], noted) == (1, 0)
    assert counted([("a", 1), ("b", 2), ("b", 2)], noted) == (0, 2)
    assert counted([("x", 2), ("a", 1), ("b", 2)], noted) == (0, 2)
