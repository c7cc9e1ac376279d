"""The table of crash points names what is there, and all of it."""

import pytest

from tests.chaos.points import POINTS, Moment
from tests.chaos.threats import COROUTINES, find

TARGETS = {
    place.target
    for point in POINTS.values()
    for place in point.places.values()
    if place.moment in COROUTINES
}


@pytest.mark.parametrize("target", sorted(TARGETS), ids=str)
def test_every_place_of_a_crash_point_is_there(target: str) -> None:
    owner, name = find(target)
    assert callable(getattr(owner, name))


def test_a_place_that_is_gone_is_an_error() -> None:
    with pytest.raises(LookupError, match="no coroutine function"):
        find("tradingbot.orders.executor:Executor.forgotten")


def test_every_row_of_the_table_has_its_point_and_every_moment_its_use() -> None:
    assert [point.row for point in POINTS.values()] == list(range(1, 17))
    used = {place.moment for point in POINTS.values() for place in point.places.values()}
    assert used == set(Moment)
