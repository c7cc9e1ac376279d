"""What is known of an exchange's clock, and when no order may be signed by it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.fakes import FakeClock
from tests.kit.waiting import until
from tradingbot.adapters import ccxt_clock
from tradingbot.adapters.ccxt_clock import ExchangeClock
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.kit.clock import milliseconds
from tradingbot.kit.crew import Crew

pytestmark = pytest.mark.anyio

NOON = 1_767_268_800_000


class Worlds:
    """Two clocks that can be set, and the time that passes for both of them."""

    def __init__(self) -> None:
        self.wall = FakeClock()
        self.passed = 1_000.0
        self.theirs_ms = float(NOON)
        self.trips = [0.010]  # seconds there and back, the last one for ever after
        self.silent = False
        self.asked = 0

    def monotonic(self) -> float:
        return self.passed

    def wait(self, seconds: float) -> None:
        self.passed += seconds
        self.theirs_ms += seconds * 1000
        self.wall.advance(seconds)

    async def ask(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)  # others have their turn, as with a real request
        if self.silent:
            raise ExchangeUnreachable("silent")
        trip = self.trips.pop(0) if len(self.trips) > 1 else self.trips[0]
        self.wait(trip / 2)
        told = round(self.theirs_ms)
        self.wait(trip / 2)
        return told


@pytest.fixture
def worlds() -> Worlds:
    return Worlds()


@asynccontextmanager
async def clock_of(worlds: Worlds) -> AsyncIterator[ExchangeClock]:
    async with Crew(finish_seconds=0) as crew:
        yield ExchangeClock("binance", worlds.ask, worlds.wall, crew.spawn, worlds.monotonic)


@pytest.fixture
async def clock(worlds: Worlds) -> AsyncIterator[ExchangeClock]:
    async with clock_of(worlds) as clock:
        yield clock


async def refused(clock: ExchangeClock) -> str:
    with pytest.raises(ExchangeUnreachable) as error:
        await clock.sure()
    return str(error.value)


async def test_the_quickest_of_five_answers_counts(worlds: Worlds, clock: ExchangeClock) -> None:
    worlds.trips = [0.4, 0.3, 0.02, 0.6, 0.5, 0.01]
    await clock.sure()
    assert worlds.asked == 5
    assert clock._reading is not None
    assert clock._reading.uncertainty_ms == pytest.approx(10)
    assert abs(clock.now_ms() - worlds.theirs_ms) <= 1


async def test_between_measurements_it_runs_by_the_monotonic_clock(
    worlds: Worlds, clock: ExchangeClock
) -> None:
    await clock.sure()
    worlds.wait(100)
    assert abs(clock.now_ms() - worlds.theirs_ms) <= 1
    await clock.sure()
    assert worlds.asked == 5
    assert clock.now_ms() - milliseconds(worlds.wall.now()) == clock.offset_ms()


async def test_before_it_is_known_ours_must_do(worlds: Worlds, clock: ExchangeClock) -> None:
    assert clock.now_ms() == milliseconds(worlds.wall.now())


async def test_an_old_measurement_is_good_for_questions_and_not_for_orders(
    worlds: Worlds, clock: ExchangeClock
) -> None:
    await clock.sure()
    worlds.silent = True
    worlds.wait(119)
    await clock.sure()
    worlds.wait(2)
    assert "did not tell the time" in await refused(clock)
    await clock.known()
    worlds.silent = False
    await clock.sure()


@pytest.mark.parametrize("seconds", [5, -5, 60, -60, -600])
async def test_an_exchange_whose_clock_jumps_gets_no_order_until_it_is_confirmed(
    worlds: Worlds, clock: ExchangeClock, seconds: int
) -> None:
    await clock.sure()
    worlds.wait(30)
    worlds.theirs_ms += seconds * 1000
    clock.doubt()  # a timestamp was found stale
    assert f"it has jumped by {seconds:.1f} s" in await refused(clock)
    assert abs(clock.now_ms() - worlds.theirs_ms) <= 1  # questions are signed by it at once
    await clock.sure()


async def test_a_single_wrong_answer_is_not_believed(worlds: Worlds, clock: ExchangeClock) -> None:
    await clock.sure()
    worlds.theirs_ms += 60_000
    clock.doubt()
    await refused(clock)
    worlds.theirs_ms -= 60_000
    await refused(clock)
    await clock.sure()
    assert abs(clock.now_ms() - worlds.theirs_ms) <= 1


@pytest.mark.parametrize("seconds", [5, -5, 60, -60, -600])
async def test_our_own_clock_may_be_set_without_harm(
    worlds: Worlds, clock: ExchangeClock, seconds: int
) -> None:
    await clock.sure()
    before = clock.offset_ms()
    worlds.wall.advance(seconds)
    assert abs(clock.now_ms() - worlds.theirs_ms) <= 1
    assert abs(clock.offset_ms() - (before - seconds * 1000)) <= 1
    worlds.silent = True
    await refused(clock)  # who knows which of our clocks is wrong: it is measured first
    worlds.silent = False
    await clock.sure()
    assert abs(clock.now_ms() - worlds.theirs_ms) <= 1


async def test_a_machine_that_slept_measures_before_it_signs(
    worlds: Worlds, clock: ExchangeClock
) -> None:
    """Its monotonic clock stood still meanwhile."""
    await clock.sure()
    worlds.theirs_ms += 600_000
    worlds.wall.advance(600)
    assert "jumped by 600.0 s" in await refused(clock)
    await clock.sure()
    assert abs(clock.now_ms() - worlds.theirs_ms) <= 1


async def test_a_time_that_makes_no_sense_is_not_taken(
    worlds: Worlds, clock: ExchangeClock
) -> None:
    for nonsense in (0, -1, 10**18):
        worlds.theirs_ms = nonsense
        await refused(clock)


async def test_who_ask_together_wait_for_one_measurement(
    worlds: Worlds, clock: ExchangeClock
) -> None:
    await asyncio.gather(*(clock.sure() for _ in range(10)), *(clock.known() for _ in range(10)))
    assert worlds.asked == 5


async def test_an_exchange_that_hangs_is_not_waited_for_long(
    worlds: Worlds, clock: ExchangeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccxt_clock, "SAMPLE_SECONDS_MAX", 0.05)
    await clock.sure()
    hanging = asyncio.Event()

    async def hang() -> int:
        worlds.asked += 1
        await hanging.wait()
        return 0

    clock._ask = hang
    clock.doubt()
    async with asyncio.timeout(1):
        await clock.known()  # an old reading is better than none
        assert "did not tell the time" in await refused(clock)


async def test_it_is_measured_again_beside_the_orders(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccxt_clock, "MEASURE_SECONDS", 0.01)
    async with clock_of(worlds) as clock:
        await clock.sure()
        worlds.wait(1)
        await until(lambda: worlds.asked >= 10)
    asked = worlds.asked
    await asyncio.sleep(0.1)
    assert worlds.asked == asked


async def test_a_doubt_has_it_measured_though_nobody_asks(
    worlds: Worlds, clock: ExchangeClock
) -> None:
    await clock.sure()
    worlds.wait(1)
    clock.doubt()
    await until(lambda: worlds.asked == 10)


async def test_trouble_is_said_once_when_it_begins_and_once_when_it_ends(
    worlds: Worlds, clock: ExchangeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    await clock.sure()
    worlds.silent = True
    worlds.wait(200)
    for _ in range(3):
        await refused(clock)
    worlds.silent = False
    await clock.sure()
    said = capfd.readouterr().out
    assert said.count("clock_unsure") == 1
    assert said.count("clock_sure") == 1
    assert "it was last measured 200 s ago" in said
