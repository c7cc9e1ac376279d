"""Who gets the room that is left under an exchange's limits."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.accounts import CREDENTIALS, exchanges_at, request
from tests.adapters.rude_server import answer, rude_server
from tradingbot.adapters.ccxt_limits import MINUTE_MS, TEN_SECONDS_MS, Limits, Urgency
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Mode
from tradingbot.kit.budget import OwnBudget

pytestmark = pytest.mark.anyio

NOON = 1_767_268_800_000
LATE = NOON - 300  # before a minute, and ten seconds, end


class Time:
    """Stands still until told; or runs from where it is told, at the usual speed."""

    def __init__(self, now_ms: int = NOON, *, running: bool = False) -> None:
        self.now_ms = now_ms
        self._running = running
        self._began = time.perf_counter()

    def __call__(self) -> int:
        passed = time.perf_counter() - self._began if self._running else 0
        return self.now_ms + round(passed * 1000)


def limits_by(clock: Time, window_ms: int = MINUTE_MS) -> Limits:
    return Limits(OwnBudget(), "binance:paper", window_ms, clock)


async def waits(limits: Limits, weight: int, urgency: Urgency) -> bool:
    try:
        async with asyncio.timeout(0.05):
            await limits.take(weight, urgency)
    except (TimeoutError, ExchangeUnreachable):
        return True
    return False


async def test_the_last_room_is_kept_for_what_matters_most() -> None:
    limits = limits_by(Time())
    limits.adopt(100, {})
    await limits.take(70, Urgency.QUERY)
    assert await waits(limits, 1, Urgency.QUERY)
    assert not await waits(limits, 10, Urgency.PLACE)
    assert await waits(limits, 1, Urgency.PLACE)
    assert not await waits(limits, 18, Urgency.RESCUE)
    assert await waits(limits, 1, Urgency.RESCUE)


async def test_a_new_minute_has_room_again_and_the_urgent_go_first() -> None:
    limits = limits_by(Time(LATE, running=True))
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


@pytest.mark.parametrize("urgency", Urgency)
async def test_who_would_wait_long_is_told_at_once(urgency: Urgency) -> None:
    limits = limits_by(Time(NOON + 20_000))
    limits.adopt(100, {})
    limits.weight_seen(100)
    began = time.perf_counter()
    with pytest.raises(ExchangeUnreachable, match="leave no room for 40 s"):
        await limits.take(1, urgency)
    assert time.perf_counter() - began < 0.5


async def test_what_others_behind_the_same_address_use_is_counted() -> None:
    limits = limits_by(Time())
    limits.adopt(100, {})
    limits.weight_seen(99)
    assert await waits(limits, 1, Urgency.RESCUE)


async def test_an_answer_that_comes_in_the_next_window_tells_of_the_last_one() -> None:
    clock = Time(NOON - 1)
    limits = limits_by(clock)
    limits.adopt(100, {})
    await limits.take(1, Urgency.QUERY)
    clock.now_ms = NOON
    limits.weight_seen(99)
    assert not await waits(limits, 70, Urgency.QUERY)
    limits.weight_seen(99)
    assert await waits(limits, 1, Urgency.RESCUE)


async def test_a_request_heavier_than_its_share_gets_through_an_empty_minute() -> None:
    limits = limits_by(Time())
    limits.adopt(20, {})
    assert not await waits(limits, 20, Urgency.QUERY)
    assert await waits(limits, 1, Urgency.QUERY)


async def orders_left(limits: Limits, account_id: int) -> int:
    left = 0
    while True:
        try:
            async with asyncio.timeout(0.05):
                await limits.take_order(account_id, 1)
        except (TimeoutError, ExchangeUnreachable):
            return left
        left += 1


async def test_who_does_not_know_the_limits_asks_for_them_whatever_others_use_by_wider_ones() -> (
    None
):
    budget = OwnBudget()
    knows, asks = (Limits(budget, "binance:paper", MINUTE_MS, Time()) for _ in range(2))
    knows.adopt(1_000_000, {})
    await knows.take(100_000, Urgency.QUERY)
    assert await waits(asks, 20, Urgency.QUERY)
    async with asyncio.timeout(1):
        await asks.take_first(20)
    asks.adopt(1_000_000, {})
    assert not await waits(asks, 20, Urgency.QUERY)


async def test_while_everybody_is_to_be_quiet_the_limits_are_not_asked_for_either() -> None:
    limits = limits_by(Time())
    limits.pause(60)
    with pytest.raises(ExchangeUnreachable, match="no room for 60 s"):
        await limits.take_first(20)


async def test_each_account_has_its_own_orders_and_those_placed_elsewhere_count() -> None:
    limits = limits_by(Time())
    limits.adopt(None, {TEN_SECONDS_MS: 5})
    await limits.take_order(1, 1)
    limits.orders_seen(1, {TEN_SECONDS_MS: 3})
    limits.order_answered(1)
    assert [await orders_left(limits, account) for account in (1, 2)] == [2, 5]


async def test_ten_seconds_later_orders_may_be_placed_again() -> None:
    limits = limits_by(Time(LATE, running=True))
    limits.adopt(None, {TEN_SECONDS_MS: 1})
    async with asyncio.timeout(5):
        await limits.take_order(1, 1)
        limits.order_answered(1)
        began = time.perf_counter()
        await limits.take_order(1, 1)
    assert 0.2 < time.perf_counter() - began < 2


async def test_an_order_not_answered_yet_may_arrive_in_the_next_window() -> None:
    clock = Time(NOON - 1)
    limits = limits_by(clock)
    limits.adopt(None, {TEN_SECONDS_MS: 5})
    assert await orders_left(limits, 1) == 5
    clock.now_ms = NOON
    for _ in range(3):
        limits.order_answered(1)
    assert await orders_left(limits, 1) == 3
    clock.now_ms = NOON + 30_000
    assert await orders_left(limits, 1) == 5


async def test_windows_are_as_long_as_the_exchange_says() -> None:
    clock = Time()
    limits = limits_by(clock, 5_000)
    limits.adopt(600, {1_000: 20})
    await limits.take(400, Urgency.QUERY)
    assert await orders_left(limits, 1) == 20
    for _ in range(20):
        limits.order_answered(1)
    clock.now_ms += 1_000
    assert await orders_left(limits, 1) == 20
    assert await waits(limits, 1, Urgency.QUERY)
    clock.now_ms += 4_000
    assert not await waits(limits, 420, Urgency.QUERY)


async def test_too_many_requests_silence_everybody_at_that_address(
    capfd: pytest.CaptureFixture[str],
) -> None:
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
    assert capfd.readouterr().out.count("exchange_wants_quiet") == 1


@pytest.mark.parametrize(("status", "seconds"), [(429, 60), (418, 120)])
async def test_who_does_not_say_for_how_long_is_left_alone_for_a_while(
    status: int, seconds: int
) -> None:
    refused = answer(status, '{"code": -1003, "msg": "Too much."}')
    async with rude_server(refused) as server, exchanges_at(server.url) as exchanges:
        session = exchanges.session(CREDENTIALS)
        await session.place(request())
        questions: list[Callable[[], Any]] = [
            lambda: session.cancel("BTC/USDT", "1"),
            session.ready_to_place,
        ]
        for question in questions:
            with pytest.raises(ExchangeUnreachable):
                await question()
        with pytest.raises(ExchangeUnreachable, match=f"no room for {seconds} s"):
            await session._access.limits.take(1, Urgency.RESCUE)
    assert len(server.requests) == 1
