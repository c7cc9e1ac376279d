"""A part of the fault tests, in short: scenarios, marks and oracle of `make chaos`, fewer of each.

What must never happen is asserted, however slow the machine is; how long it took is not.
"""

import pytest

from tests.chaos import mayhem, network, outages, restarts, stalls, streams
from tests.chaos.scene import Stage
from tests.chaos.verdict import Verdict

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]


def assert_passed(*verdicts: Verdict) -> None:
    assert [str(verdict) for verdict in verdicts if not verdict.passed_but_for_time] == []


async def test_killing_everything_under_a_storm_of_faults_loses_and_doubles_nothing(
    stage: Stage,
) -> None:
    assert_passed(*await mayhem.run(stage))


async def test_a_process_that_stood_still_places_nothing_late(stage: Stage) -> None:
    assert_passed(*await stalls.run(stage))


async def test_a_torn_hung_spoilt_or_late_request_places_once_or_never(stage: Stage) -> None:
    assert_passed(*await network.run(stage))


async def test_a_burst_of_fills_is_heard_whole_by_a_slow_listener(stage: Stage) -> None:
    assert_passed(await streams.burst(stage))


async def test_postgres_killed_full_or_cut_off_loses_nothing(stage: Stage) -> None:
    assert_passed(await outages.postgres(stage))


async def test_valkey_killed_emptied_or_away_loses_nothing_and_delays_little(
    stage: Stage,
) -> None:
    assert_passed(await outages.valkey(stage))


async def test_a_restart_with_many_open_orders_knows_all_of_them_soon(stage: Stage) -> None:
    assert_passed(await restarts.many(stage))
