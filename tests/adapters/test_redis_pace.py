"""One pace for all processes, measured by the one who would suffer."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from time import monotonic

import pytest

from tradingbot.adapters.redis_pace import RedisPace
from tradingbot.kit.pace import wait_for_turn
from tradingbot.local.servers import ValkeyServer

ALL = ("all", 0.05)


@pytest.fixture
async def two(redis_url: str) -> AsyncIterator[tuple[RedisPace, RedisPace]]:
    """As two processes have it: nothing in common but Redis."""
    first, second = RedisPace(redis_url), RedisPace(redis_url)
    yield first, second
    await first.close()
    await second.close()


async def test_together_they_are_no_faster_than_one(two: tuple[RedisPace, RedisPace]) -> None:
    taken: list[float] = []

    async def take_turns(pace: RedisPace) -> None:
        for _ in range(5):
            await wait_for_turn(pace, [ALL])
            taken.append(monotonic())

    await asyncio.gather(*(take_turns(pace) for pace in two for _ in range(2)))
    assert len(taken) == 20
    # Each 50 ms after the last, as Redis measures it.
    assert taken[-1] - taken[0] >= 19 * 0.05 - 0.02


async def test_who_has_to_wait_for_one_key_takes_none_of_the_others(
    two: tuple[RedisPace, RedisPace],
) -> None:
    first, second = two
    assert await first.turn([("chat:1", 5.0)]) == 0
    assert 4 < await second.turn([ALL, ("chat:1", 5.0)]) <= 5
    assert await second.turn([ALL, ("chat:2", 5.0)]) == 0


async def test_without_redis_each_keeps_to_half_the_pace_and_goes_on() -> None:
    pace = RedisPace("redis://127.0.0.1:1/0")
    assert await pace.turn([ALL]) == 0
    assert 0.05 < await pace.turn([ALL]) <= 0.1
    await wait_for_turn(pace, [ALL])
    await pace.close()


async def test_a_redis_that_stalls_is_not_waited_for(valkey: ValkeyServer, redis_url: str) -> None:
    pace = RedisPace(redis_url)
    assert await pace.turn([ALL]) == 0
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        begun = monotonic()
        await wait_for_turn(pace, [ALL])
        assert monotonic() - begun < 3
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
        await pace.close()
