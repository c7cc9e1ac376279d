"""Who gets the room that is left under an exchange's limits."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.adapters.accounts import CREDENTIALS, exchanges_at, request
from tests.adapters.rude_server import answer, rude_server
from tests.fakes import FakeClock
from tradingbot.adapters.ccxt_limits import TEN_SECONDS_MS, Limits, Urgency
from tradingbot.exchanges.ports import Mode

pytestmark = pytest.mark.anyio

LATE = datetime(2026, 1, 1, 12, 0, 59, 700_000, UTC)  # 0.3 s before a minute, and ten seconds, end


class RunningClock:
    """Starts where it is told, and goes on at the usual speed."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._began = time.perf_counter()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=time.perf_counter() - self._began)


async def waits(limits: Limits, weight: int, urgency: Urgency) -> bool:
    try:
        async with asyncio.timeout(0.05):
            await limits.take(weight, urgency)
    except TimeoutError:
        return True
    return False


async def test_the_last_room_is_kept_for_what_matters_most() -> None:
    limits = Limits(FakeClock())
    limits.adopt(100, {})
    await limits.take(70, Urgency.QUERY)
    assert await waits(limits, 1, Urgency.QUERY)
    assert not await waits(limits, 10, Urgency.PLACE)
    assert await waits(limits, 1, Urgency.PLACE)
    assert not await waits(limits, 18, Urgency.RESCUE)
    assert await waits(limits, 1, Urgency.RESCUE)


async def test_a_new_minute_has_room_again_and_the_urgent_go_first() -> None:
    limits = Limits(RunningClock(LATE))
    limits.adopt(100, {})
    limits.weight_seen(100)
    went: list[Urgency] = []

    async def go(urgency: Urgency) -> None:
        await limits.take(1, urgency)
        went.append(urgency)

    began = time.perf_counter()
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for urgency in (Urgency.QUERY, Urgency.PLACE, Urgency.RESCUE):
            tasks.create_task(go(urgency))
    assert went == [Urgency.RESCUE, Urgency.PLACE, Urgency.QUERY]
    assert 0.28 < time.perf_counter() - began < 2


async def test_what_others_behind_the_same_address_use_is_counted() -> None:
    limits = Limits(FakeClock())
    limits.adopt(100, {})
    limits.weight_seen(99)
    assert await waits(limits, 1, Urgency.RESCUE)


async def test_a_request_heavier_than_its_share_gets_through_an_empty_minute() -> None:
    limits = Limits(FakeClock())
    limits.adopt(20, {})
    assert not await waits(limits, 20, Urgency.QUERY)
    assert await waits(limits, 1, Urgency.QUERY)


async def orders_left(limits: Limits, account_id: int) -> int:
    left = 0
    while True:
        try:
            async with asyncio.timeout(0.05):
                await limits.take_order(account_id, 1)
        except TimeoutError:
            return left
        left += 1


async def test_each_account_has_its_own_orders_and_filled_ones_come_back() -> None:
    limits = Limits(FakeClock())
    limits.adopt(None, {TEN_SECONDS_MS: 5})
    assert [await orders_left(limits, account) for account in (1, 2)] == [5, 5]
    for _ in range(5):
        limits.orders_seen(1, {TEN_SECONDS_MS: 2})
        limits.order_answered(1)
    assert await orders_left(limits, 1) == 3
    assert await orders_left(limits, 2) == 0


async def test_ten_seconds_later_orders_may_be_placed_again() -> None:
    limits = Limits(RunningClock(LATE))
    limits.adopt(None, {TEN_SECONDS_MS: 1})
    async with asyncio.timeout(5):
        await limits.take_order(1, 1)
        began = time.perf_counter()
        await limits.take_order(1, 1)
    assert 0.2 < time.perf_counter() - began < 2


async def test_too_many_requests_silence_everybody_at_that_address() -> None:
    refused = answer(429, '{"code": -1003, "msg": "Too much."}', Retry_After="1")
    rates = '"rateLimits": [], "symbols": []'
    async with (
        rude_server(refused, answer(200, f"{{{rates}}}")) as server,
        exchanges_at(server.url) as exchanges,
    ):
        await exchanges.session(CREDENTIALS).place(request())
        began = time.perf_counter()
        await exchanges.market_data("binance", Mode.PAPER).markets()
    assert 0.9 < time.perf_counter() - began < 3
