"""The fault tests in short: the same scenarios, marks and oracle as `make chaos`, fewer of each.

What they look for must never happen, so they are exact about that however slow the machine is.
"""

import pytest

from tests.chaos import clocks, deaths, mayhem, network, outages, restarts, soak, stalls, streams
from tests.chaos.scene import Stage
from tests.chaos.verdict import Verdict

# For a machine that does much else at the same time; alone, each takes a minute at most.
pytestmark = pytest.mark.timeout(420)


def assert_passed(*verdicts: Verdict) -> None:
    assert [str(verdict) for verdict in verdicts if not verdict.passed] == []


async def test_dying_at_any_point_of_an_orders_life_loses_and_doubles_nothing(
    stage: Stage,
) -> None:
    assert_passed(*await deaths.run(stage))


async def test_killing_everything_under_a_storm_of_faults_loses_and_doubles_nothing(
    stage: Stage,
) -> None:
    assert_passed(*await mayhem.run(stage))


async def test_a_process_that_stood_still_places_nothing_late(stage: Stage) -> None:
    assert_passed(*await stalls.run(stage))


async def test_a_torn_hung_spoilt_or_late_request_places_once_or_never(stage: Stage) -> None:
    assert_passed(*await network.run(stage))


async def test_a_stream_that_repeats_and_leaves_out_changes_no_digit(stage: Stage) -> None:
    assert_passed(await streams.muddled(stage))


async def test_a_stream_cut_again_and_again_misses_no_fill(stage: Stage) -> None:
    assert_passed(await streams.cut(stage))


async def test_a_stream_that_fell_silent_is_noticed(stage: Stage) -> None:
    assert_passed(await streams.silence(stage))


async def test_a_burst_of_fills_is_heard_whole_by_a_slow_listener(stage: Stage) -> None:
    assert_passed(await streams.burst(stage))


async def test_a_clock_that_jumps_blocks_for_a_moment_and_loses_nothing(stage: Stage) -> None:
    assert_passed(*await clocks.run(stage))


async def test_postgres_killed_full_or_cut_off_loses_nothing(stage: Stage) -> None:
    assert_passed(await outages.postgres(stage))


async def test_valkey_killed_emptied_or_away_loses_nothing_and_delays_little(
    stage: Stage,
) -> None:
    assert_passed(await outages.valkey(stage))


async def test_a_restart_with_many_open_orders_knows_all_of_them_soon(stage: Stage) -> None:
    assert_passed(await restarts.many(stage))


async def test_orders_of_after_a_backup_are_found_and_their_accounts_held(stage: Stage) -> None:
    assert_passed(await restarts.restored(stage))


async def test_ordinary_trade_under_few_faults_breaks_nothing_at_any_moment(stage: Stage) -> None:
    assert_passed(*await soak.run(stage))
