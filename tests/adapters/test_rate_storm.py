"""Fault test 14: refusals in storms, four processes, twenty accounts, one address."""

from pathlib import Path

from tests.adapters.rate_storm import storm


async def test_through_a_storm_the_limit_holds_and_cancels_go_on(
    redis_url: str, tmp_path: Path
) -> None:
    outcome = await storm(redis_url, tmp_path)
    assert outcome.refused["storm"] > 0
    assert outcome.refused["418"] == outcome.refused["429"] == 0
    # New orders stopped at four fifths, and the rest was enough for the cancels.
    assert 0.75 < outcome.used_share <= 0.9
    assert outcome.done["told to wait"] > 0
    assert outcome.done["Unclear"] == 0
    assert len(outcome.cancel_seconds) > 50  # how long each took is for `make chaos` to say
