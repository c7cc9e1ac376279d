"""What every implementation of the budget does, alone or shared through Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tradingbot.adapters.redis_budget import RedisBudget
from tradingbot.kit.budget import Ask, Bucket, Budget, OwnBudget
from tradingbot.kit.crew import Crew

pytestmark = pytest.mark.anyio

ADDRESS = Bucket("somewhere:ip", 60_000, 100, busy=True)
ORDERS = Bucket("somewhere:account:1", 10_000, 5)
NOON = 1_767_268_800_000


@asynccontextmanager
async def shared(url: str, me: str = "me") -> AsyncIterator[RedisBudget]:
    budget = RedisBudget(url, me)
    async with Crew(finish_seconds=0) as crew:
        crew.spawn(budget.run())
        yield budget
    await budget.close()


@pytest.fixture(params=["own", "shared"])
async def budget(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Budget]:
    if request.param == "own":
        yield OwnBudget()
    else:
        async with shared(redis_url) as budget:
            yield budget


async def taken(budget: Budget, ask: Ask, now_ms: int = NOON) -> int:
    """How many of these there is room for."""
    count = 0
    while await budget.take([ask], now_ms) == 0:
        count += 1
    return count


async def test_there_is_room_up_to_the_ceiling_and_not_beyond(budget: Budget) -> None:
    assert await taken(budget, Ask(ADDRESS, 20, 70)) == 3
    assert await taken(budget, Ask(ADDRESS, 1, 70)) == 10
    assert await taken(budget, Ask(ADDRESS, 1, 80)) == 10
    assert await taken(budget, Ask(ADDRESS, 1, 70)) == 0
    assert await taken(budget, Ask(ADDRESS, 3, 98)) == 6


async def test_a_full_bucket_says_when_its_window_ends(budget: Budget) -> None:
    assert await taken(budget, Ask(ADDRESS, 1, 10), NOON + 59_000) == 10
    assert await budget.take([Ask(ADDRESS, 1, 10)], NOON + 59_000) == 1_000
    assert await budget.take([Ask(ADDRESS, 1, 10)], NOON + 59_999) == 1
    assert await taken(budget, Ask(ADDRESS, 1, 10), NOON + 60_000) == 10


async def test_all_is_taken_or_nothing(budget: Budget) -> None:
    both = [Ask(ADDRESS, 1, 80), Ask(ORDERS, 1, 5)]
    for _ in range(5):
        assert await budget.take(both, NOON) == 0
    for _ in range(5):
        assert await budget.take(both, NOON) == 10_000
    assert await taken(budget, Ask(ADDRESS, 1, 80)) == 75
    assert await budget.take(both, NOON + 10_000) == 50_000
    assert await taken(budget, Ask(ORDERS, 1, 5), NOON + 10_000) == 5


async def test_each_bucket_and_each_length_of_window_counts_by_itself(budget: Budget) -> None:
    others = (
        Bucket("elsewhere:ip", 60_000, 100, busy=True),
        Bucket("somewhere:ip", 5_000, 100, busy=True),
        Bucket("somewhere:ip", 86_400_000, 100, busy=True),
    )
    assert await taken(budget, Ask(ADDRESS, 10, 50)) == 5
    for other in others:
        assert await taken(budget, Ask(other, 10, 50)) == 5
    later = NOON + 5_000
    assert [await taken(budget, Ask(other, 10, 50), later) for other in others] == [0, 5, 0]


async def test_what_is_seen_counts_and_never_makes_room(budget: Budget) -> None:
    budget.seen(ADDRESS, 95, NOON)
    assert await taken(budget, Ask(ADDRESS, 1, 80)) == 0
    assert await taken(budget, Ask(ADDRESS, 1, 98)) == 3
    budget.seen(ADDRESS, 10, NOON)
    assert await taken(budget, Ask(ADDRESS, 1, 98)) == 0
    assert await taken(budget, Ask(ADDRESS, 1, 80), NOON + 60_000) == 80


async def test_what_costs_more_than_it_may_gets_through_an_empty_window(budget: Budget) -> None:
    heavy = Ask(ADDRESS, 90, 70)
    assert await taken(budget, heavy) == 1
    assert await taken(budget, Ask(ADDRESS, 1, 70)) == 0
    assert await taken(budget, Ask(ADDRESS, 1, 98)) == 8
    assert await taken(budget, Ask(ADDRESS, 1, 70), NOON + 60_000) == 70
    assert await taken(budget, heavy, NOON + 60_000) == 0


async def test_a_pause_stops_everybody_at_that_address_for_so_long(budget: Budget) -> None:
    elsewhere = Bucket("elsewhere:ip", 60_000, 100, busy=True)
    assert budget.pause(ADDRESS, 200)
    assert not budget.pause(ADDRESS, 100)
    wait = await budget.take([Ask(ORDERS, 1, 5), Ask(ADDRESS, 1, 98)], NOON)
    assert 100 < wait <= 200
    assert await budget.take([Ask(elsewhere, 1, 98)], NOON) == 0
    await asyncio.sleep(wait / 1000)
    assert await taken(budget, Ask(ORDERS, 1, 5)) == 5


async def test_a_clock_corrected_a_little_does_not_begin_a_window_anew(budget: Budget) -> None:
    assert await taken(budget, Ask(ADDRESS, 1, 10)) == 10
    assert await budget.take([Ask(ADDRESS, 1, 10)], NOON - 500) == 60_500
    assert await budget.take([Ask(ADDRESS, 1, 10)], NOON + 10) == 59_990


async def test_a_clock_set_back_far_does_not_make_anybody_wait_for_the_old_time(
    budget: Budget,
) -> None:
    assert await taken(budget, Ask(ADDRESS, 1, 10)) == 10
    assert await taken(budget, Ask(ADDRESS, 1, 10), NOON - 600_000) == 10


async def test_many_who_ask_at_once_get_no_more_than_there_is(budget: Budget) -> None:
    asks = [Ask(ADDRESS, cost, 70) for cost in (1, 2, 5) for _ in range(40)]
    waits = await asyncio.gather(*(budget.take([ask], NOON) for ask in asks))
    got = sum(ask.cost for ask, wait in zip(asks, waits, strict=True) if wait == 0)
    assert 65 < got <= 70
    assert await taken(budget, Ask(ADDRESS, 1, 70)) == 70 - got
