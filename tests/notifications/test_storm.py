"""Whatever dies, whatever refuses: everything arrives, hardly anything twice."""

from tests.notifications.storm import Storm, by_webhook


async def test_nothing_is_lost_and_hardly_anything_doubled(
    database_url: str, redis_url: str
) -> None:
    outcome = await by_webhook(Storm(messages=120, users=12, kills=2), database_url, redis_url)
    assert (outcome.lost, outcome.dead) == (0, 0)
    assert outcome.kills > 0
    # What a killed courier had just sent and not noted: at the full size at most one in a thousand.
    assert outcome.doubled <= outcome.kills
