"""Nothing of a kind sooner than its spacing, for one process that is alone."""

from tradingbot.kit.pace import OwnPace, wait_for_turn

CHAT = ("chat:1", 0.06)
ALL = ("all", 0.02)


async def test_a_turn_is_taken_under_every_key_or_under_none() -> None:
    pace = OwnPace()
    assert await pace.turn([ALL, CHAT]) == 0
    assert 0.04 < await pace.turn([ALL, CHAT]) <= 0.06
    # What was refused took nothing: another chat waits for the common key alone.
    assert 0 < await pace.turn([ALL, ("chat:2", 0.06)]) <= 0.02


async def test_waiting_ends_with_ones_turn() -> None:
    pace = OwnPace()
    for _ in range(3):
        await wait_for_turn(pace, [ALL, CHAT])
    assert await pace.turn([CHAT]) > 0


async def test_who_shares_a_pace_with_others_unseen_goes_slower() -> None:
    pace = OwnPace(slower=2.0)
    await pace.turn([CHAT])
    assert 0.1 < await pace.turn([CHAT]) <= 0.12
