"""Time without waiting, order by chance, and processes that stop dead."""

import asyncio
import contextvars
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar

import pytest

from tests.seeds.loop import OWNER, Owner, SeededLoop, Stalled, TooLong, turn

T = TypeVar("T")

HOUR = 3_600.0


def run(work: Coroutine[Any, Any, T], seed: int = 1, *, turns_max: int = 10_000) -> T:
    loop = SeededLoop(Random(seed).random, turns_max=turns_max)
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


def test_an_hour_passes_at_once_and_is_an_hour() -> None:
    async def sleeps() -> float:
        await asyncio.sleep(HOUR)
        return asyncio.get_running_loop().time()

    assert run(sleeps()) == HOUR


def test_a_timeout_comes_when_it_is_due() -> None:
    async def waits() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run(waits()) == 5


async def race() -> list[int]:
    order: list[int] = []

    async def runner(number: int) -> None:
        await turn()
        order.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(runner(number))
    return order


def test_what_is_ready_together_runs_in_an_order_drawn_from_the_seed() -> None:
    assert run(race(), 1) == run(race(), 1)
    assert len({tuple(run(race(), seed)) for seed in range(20)}) > 10


def test_timers_run_in_the_order_of_their_times() -> None:
    async def naps() -> list[float]:
        woken: list[float] = []

        async def nap(seconds: float) -> None:
            await asyncio.sleep(seconds)
            woken.append(seconds)

        async with asyncio.TaskGroup() as group:
            for seconds in (3.0, 1.0, 2.0):
                group.create_task(nap(seconds))
        return woken

    assert run(naps()) == [1.0, 2.0, 3.0]


def owned(owner: Owner, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    context = contextvars.copy_context()
    context.run(OWNER.set, owner)
    return asyncio.get_running_loop().create_task(work, context=context)


def test_who_is_halted_runs_no_line_until_released() -> None:
    async def watches() -> list[float]:
        owner, ticks = Owner(), []

        async def tick() -> None:
            for _ in range(4):
                await asyncio.sleep(1)
                ticks.append(asyncio.get_running_loop().time())

        task = owned(owner, tick())
        await asyncio.sleep(2.5)
        owner.halted = True
        await asyncio.sleep(10)
        assert ticks == [1, 2]
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SeededLoop)
        loop.release(owner)
        await task
        return ticks

    assert run(watches()) == [1, 2, 12.5, 13.5]


def test_who_goes_round_in_circles_is_stopped() -> None:
    async def circles() -> None:
        while True:
            await turn()

    with pytest.raises(TooLong):
        run(circles(), turns_max=100)


def test_waiting_for_nothing_is_an_error_and_not_a_hang() -> None:
    async def waits() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stalled):
        run(waits())
