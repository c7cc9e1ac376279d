"""Processes share what there is; without Redis each has its fair part, and nobody waits for it."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest
from redis.asyncio import Redis

from tests.adapters.budgets import ADDRESS, NOON, Counting, budgets, taken
from tests.kit.waiting import until
from tradingbot.adapters.redis_budget import RedisBudget
from tradingbot.kit.budget import Ask, Bucket
from tradingbot.local.servers import ValkeyServer

pytestmark = pytest.mark.anyio

QUERY, PLACE, RESCUE = (Ask(ADDRESS, 1, ceiling) for ceiling in (700, 800, 980))
ORDERS = Bucket("somewhere:account:1", 10_000, 100)


@pytest.fixture
async def own_valkey(tmp_path: Path) -> AsyncIterator[ValkeyServer]:
    server = ValkeyServer(tmp_path)
    await server.start()
    yield server
    await server.stop()


async def kill(server: ValkeyServer) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()


async def known_away(*all_of_them: Counting) -> None:
    await until(lambda: all(budget._away for budget in all_of_them))


async def everybody_back(*all_of_them: Counting) -> None:
    """And no longer careful: each knows that the others are back."""
    await until(lambda: all(budget._fair_until < monotonic() for budget in all_of_them))


async def test_two_processes_share_one_limit(redis_url: str) -> None:
    async with budgets(redis_url, 2) as (one, other):
        first = await taken(one, PLACE, most=500)
        second = await taken(other, PLACE)
        assert first == 500
        # What the first holds and does not use is lost to the second, never doubled.
        assert 300 - ADDRESS.limit // 20 <= second <= 300
        assert first + second + await taken(one, PLACE) == 800


async def test_the_last_room_is_kept_for_the_urgent_in_every_process(redis_url: str) -> None:
    async with budgets(redis_url, 2) as (one, other):
        assert await taken(one, QUERY) == 700
        assert await taken(other, QUERY) == 0
        assert await taken(other, PLACE) == 100
        assert await taken(one, PLACE) == 0
        # Room taken in advance for the urgent is not given to others.
        assert await taken(one, RESCUE, most=20) == 20
        assert sum(one._shelf(ADDRESS, NOON).held.values()) > 0
        assert await taken(one, PLACE) == 0
        assert await taken(one, RESCUE) + await taken(other, RESCUE) == 160


async def test_most_of_it_costs_no_round_trip(redis_url: str) -> None:
    async with budgets(redis_url, 4) as (one, *_):
        assert await taken(one, QUERY, most=400) == 400
        assert one.trips <= 24


async def test_the_first_orders_of_an_account_cost_no_round_trip(redis_url: str) -> None:
    async with budgets(redis_url, 4) as all_four:
        one = all_four[0]
        assert await taken(one, PLACE, most=1) == 1
        for number in range(2, 12):
            account = Bucket(f"somewhere:account:{number}", 10_000, 100)
            assert await one.take([Ask(account, 1, 100), PLACE._replace(cost=0)], NOON) == 0
        assert one.trips == 1
        order = Ask(ORDERS, 1, 100)
        got = [await taken(budget, order) for budget in (one, *all_four)]
        assert got[1:] == [0, 2, 2, 2]
        assert sum(got) == 100


async def test_who_ask_at_once_share_a_round_trip_and_the_urgent_come_first(redis_url: str) -> None:
    async with budgets(redis_url, 2) as (one, _):
        assert await taken(one, QUERY, most=690) == 690
        trips = one.trips
        asks = [ask._replace(cost=5) for ask in (QUERY, PLACE, RESCUE) for _ in range(30)]
        waits = await asyncio.gather(*(one.take([ask], NOON) for ask in asks))
        got = [waits[start : start + 30].count(0) for start in (0, 30, 60)]
        assert one.trips - trips <= 3
        assert got == [0, 0, 30]


@pytest.mark.parametrize("sent", [False, True])
async def test_who_does_not_wait_for_the_answer_leaves_his_room_to_others(
    redis_url: str, *, sent: bool
) -> None:
    async with budgets(redis_url, 1) as (one,):
        task = asyncio.ensure_future(one.take([PLACE._replace(cost=7)], NOON))
        await asyncio.sleep(0)
        assert one._waiting
        if sent:
            await asyncio.sleep(0)
            assert not one._waiting
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await taken(one, PLACE) == 800


async def test_a_pause_is_heard_by_all_within_a_second(redis_url: str) -> None:
    async with budgets(redis_url, 3) as (one, other, third):
        assert await taken(other, RESCUE, most=1) == 1  # it holds some
        one.pause(ADDRESS, 60_000)

        async def quiet() -> bool:
            return 0 not in [await budget.take([RESCUE], NOON) for budget in (one, other, third)]

        await until(quiet, seconds=1)
        waits = [await budget.take([RESCUE], NOON) for budget in (one, other, third)]
        assert all(58_000 < wait <= 60_000 for wait in waits)
        newcomer = RedisBudget(redis_url, "newcomer")
        async with asyncio.TaskGroup() as group:
            running = group.create_task(newcomer.run())
            assert await newcomer.take([RESCUE], NOON) > 58_000
            running.cancel()
        await newcomer.close()


async def test_what_one_has_seen_the_others_know(redis_url: str) -> None:
    async with budgets(redis_url, 2) as (one, other):
        one.seen(ADDRESS, 795, NOON)
        await until(lambda: not one._changed)
        assert await taken(other, PLACE) == 5


async def test_without_redis_each_has_its_part(own_valkey: ValkeyServer) -> None:
    async with budgets(own_valkey.url, 4) as all_four:
        await kill(own_valkey)
        # Of the window in which it went, a tenth is left for what was not heard of in time.
        assert [await taken(budget, PLACE) for budget in all_four] == [175] * 4
        assert [await taken(budget, RESCUE) for budget in all_four] == [45] * 4
        later = NOON + ADDRESS.window_ms
        assert [await taken(budget, PLACE, later) for budget in all_four] == [200] * 4
        assert [await taken(budget, RESCUE, later) for budget in all_four] == [45] * 4


async def test_in_a_short_window_more_of_it_may_have_gone_unheard(
    own_valkey: ValkeyServer,
) -> None:
    ask = Ask(Bucket("elsewhere:ip", 2_000, 1_000, busy=True), 1, 800)
    async with budgets(own_valkey.url, 4) as all_four:
        await kill(own_valkey)
        assert [await taken(budget, ask) for budget in all_four] == [75] * 4
        assert [await taken(budget, ask, NOON + 2_000) for budget in all_four] == [200] * 4


async def test_who_never_saw_redis_takes_himself_for_one_of_four() -> None:
    budget = RedisBudget("redis://127.0.0.1:1/0", "me")
    async with asyncio.TaskGroup() as group:
        running = group.create_task(budget.run())
        assert await taken(budget, PLACE) == 175
        assert await taken(budget, PLACE, NOON + ADDRESS.window_ms) == 200
        running.cancel()
    await budget.close()


async def test_an_outage_divides_what_was_left_and_what_was_held_stays_good(
    own_valkey: ValkeyServer,
) -> None:
    async with budgets(own_valkey.url, 4) as all_four:
        assert [await taken(budget, PLACE, most=100) for budget in all_four] == [100] * 4
        # Who took first hears with his next sign of life what the others took.
        await until(lambda: all(budget._shelf(ADDRESS, NOON).used >= 400 for budget in all_four))
        await kill(own_valkey)
        alone = [await taken(budget, PLACE) for budget in all_four]
        assert 200 < sum(alone) <= 300
        assert [await taken(budget, PLACE) for budget in all_four] == [0] * 4


async def test_what_was_taken_alone_is_counted_when_redis_is_back(own_valkey: ValkeyServer) -> None:
    async with budgets(own_valkey.url, 2) as (one, other):
        assert await taken(one, PLACE, most=100) == 100
        await kill(own_valkey)
        await known_away(one, other)
        assert await taken(one, PLACE, most=150) == 150
        assert await taken(other, PLACE, most=150) == 150
        await own_valkey.start()
        await everybody_back(one, other)
        assert 300 <= await taken(one, PLACE) + await taken(other, PLACE) <= 400


async def test_the_count_of_the_exchange_is_not_added_to_ours(own_valkey: ValkeyServer) -> None:
    async with budgets(own_valkey.url, 2) as both:
        await kill(own_valkey)
        await known_away(*both)
        for budget in both:
            assert await taken(budget, PLACE, most=200) == 200
        for budget in both:
            budget.seen(ADDRESS, 400, NOON)
        await own_valkey.start()
        await everybody_back(*both)
        assert sum([await taken(budget, PLACE) for budget in both]) == 400


async def test_a_redis_that_lost_its_memory_is_told(redis_url: str) -> None:
    async with budgets(redis_url, 2) as (one, other):
        assert await taken(one, PLACE, most=700) == 700
        assert await taken(one, Ask(ORDERS, 1, 100), most=90) == 90
        elsewhere = Bucket("elsewhere:ip", 60_000, 100)
        one.pause(elsewhere, 60_000)
        await until(lambda: not one._paused)
        async with Redis.from_url(redis_url) as redis:
            await redis.flushall()
            # `one` asks for nothing: its next sign of life must do.
            await until(lambda: redis.exists(f"budget:{ORDERS.key}:{NOON}"))
        assert await taken(other, PLACE) <= 100
        assert await taken(other, Ask(ORDERS, 1, 100)) <= 10
        await until(lambda: other._pauses.left_ms(elsewhere.key) > 50_000)


async def test_counters_end_by_themselves(redis_url: str) -> None:
    async with budgets(redis_url, 1) as (one,), Redis.from_url(redis_url) as redis:
        brief = Bucket("somewhere:ip", 1_000, 100, busy=True)
        assert await one.take([Ask(brief, 1, 98)], NOON) == 0
        left = await redis.pttl(f"budget:{brief.key}:{NOON}")
    assert 5_000 < left <= 12_000


async def test_a_redis_that_hangs_holds_nobody_up(own_valkey: ValkeyServer) -> None:
    async with budgets(own_valkey.url, 2) as (one, other):
        assert own_valkey.pid is not None
        os.kill(own_valkey.pid, signal.SIGSTOP)
        longest = 0.0
        for number in range(600):
            began = time.perf_counter()
            assert await (one, other)[number % 2].take([PLACE], NOON) == 0
            longest = max(longest, time.perf_counter() - began)
        os.kill(own_valkey.pid, signal.SIGCONT)
        assert longest < 1
        await everybody_back(one, other)
        assert 600 + await taken(one, PLACE) + await taken(other, PLACE) <= 800


async def test_who_is_back_early_leaves_the_others_their_part(own_valkey: ValkeyServer) -> None:
    async with budgets(own_valkey.url, 2) as (one, other):
        await kill(own_valkey)
        await known_away(one, other)
        await own_valkey.start()
        await until(lambda: not one._away)
        later = NOON + ADDRESS.window_ms
        other._away = True  # it has not noticed yet
        assert [await taken(budget, PLACE, later) for budget in (one, other)] == [400, 400]
