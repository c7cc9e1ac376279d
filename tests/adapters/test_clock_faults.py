"""Clocks that are wrong and clocks that jump, over real sockets: no order is lost, it heals."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.contracts.worlds import SYMBOL, World, sealed
from tradingbot.adapters.ccxt_clock import OLD_SECONDS
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.adapters.ccxt_limits import Limits, Urgency
from tradingbot.adapters.ccxt_session import CcxtSession
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Accepted, Mode, PlaceAnswer, Refused
from tradingbot.kit.budget import OwnBudget
from tradingbot.kit.clock import SystemClock, milliseconds
from tradingbot.paper.options import PaperOptions
from tradingbot.paper.server import PaperExchange, listening

pytestmark = pytest.mark.anyio

BLOCKED_SECONDS_MAX = 120
MINUTE_MS = 60_000
STEPS = (5, -5, 60, -60, -600)


class Stepped:
    """A clock that somebody sets while it runs."""

    def __init__(self, seconds: float = 0) -> None:
        self.off = timedelta(seconds=seconds)
        self._clock = SystemClock()

    def now(self) -> datetime:
        return self._clock.now() + self.off

    def step(self, seconds: float) -> None:
        self.off += timedelta(seconds=seconds)


@dataclass
class Trader:
    """Places as the executor does: room first, then the signing time, then the POST."""

    world: World
    ours: Stepped
    theirs: Stepped
    paper: PaperExchange

    async def place(self) -> tuple[str, PlaceAnswer]:
        session = self.world.session()
        await session.ready_to_place()
        signed_at = self.world.now_ms() + await self.world.market_data.clock_offset_ms()
        request = self.world.order(sign_timestamp_ms=signed_at)
        return request.client_order_id, await session.place(request)

    async def place_until_accepted(self) -> tuple[list[tuple[str, PlaceAnswer]], float]:
        """Every answer up to the first yes, and how long it took."""
        began = time.monotonic()
        answers: list[tuple[str, PlaceAnswer]] = []
        while not (answers and isinstance(answers[-1][1], Accepted)):
            assert time.monotonic() - began < BLOCKED_SECONDS_MAX
            try:
                answers.append(await self.place())
            except ExchangeUnreachable:
                continue
        return answers, time.monotonic() - began

    def placed(self) -> set[str]:
        """What the exchange has, by its own books."""
        return {
            cid for account in self.paper.venue.ledger.accounts.values() for cid in account.by_cid
        }


@asynccontextmanager
async def trader(directory: Path, *, ours: float = 0, theirs: float = 0) -> AsyncIterator[Trader]:
    our_clock, their_clock = Stepped(ours), Stepped(theirs)
    options = PaperOptions(data_dir=directory, prints_per_second=0.0)
    async with listening(options, their_clock) as paper:
        exchanges = CcxtExchanges(paper.url, sealed, our_clock)
        world = World("binance", exchanges, our_clock, lambda _, __: None)
        try:
            yield Trader(world, our_clock, their_clock, paper)
        finally:
            await exchanges.close()


@pytest.mark.parametrize("seconds", STEPS)
@pytest.mark.parametrize("whose", ["ours", "theirs"])
async def test_a_clock_that_is_wrong_from_the_start_makes_no_difference(
    tmp_path: Path, whose: str, seconds: int
) -> None:
    async with trader(tmp_path, **{whose: seconds}) as trading:
        for _ in range(3):
            _, answer = await trading.place()
            assert isinstance(answer, Accepted)


async def test_our_clock_may_be_set_in_the_middle_of_it(tmp_path: Path) -> None:
    async with trader(tmp_path) as trading:
        await trading.place_until_accepted()
        for seconds in STEPS:
            trading.ours.step(seconds)
            answers, _ = await trading.place_until_accepted()
            # We know the exchange's time without our own: not one order is refused for it.
            assert len(answers) == 1


async def test_an_exchange_whose_clock_jumps_loses_no_order_and_is_soon_traded_with_again(
    tmp_path: Path,
) -> None:
    async with trader(tmp_path) as trading:
        given: list[tuple[str, PlaceAnswer]] = []
        for seconds in (0, *STEPS):
            trading.theirs.step(seconds)
            answers, took = await trading.place_until_accepted()
            given += answers
            assert took < BLOCKED_SECONDS_MAX
            for _, answer in answers[:-1]:
                assert isinstance(answer, Refused)
                assert answer.code == "stale_timestamp"
            # Questions are asked by the new time, too.
            assert await trading.world.session().balances()
        accepted = {cid for cid, answer in given if isinstance(answer, Accepted)}
        assert trading.placed() == accepted
        assert len(given) <= 2 * len(accepted)


async def test_cancels_and_look_ups_go_on_while_no_order_may(tmp_path: Path) -> None:
    async with trader(tmp_path) as trading:
        [(cid, answer)], _ = await trading.place_until_accepted()
        assert isinstance(answer, Accepted)
        forget_the_time(trading)
        session = trading.world.session()
        with pytest.raises(ExchangeUnreachable):
            await session.ready_to_place()
        with pytest.raises(ExchangeUnreachable):
            await trading.world.market_data.clock_offset_ms()
        assert await session.find(SYMBOL, cid) is not None
        assert await session.cancel(SYMBOL, answer.report.exchange_order_id) is not None


def forget_the_time(trading: Trader) -> None:
    """The exchange answers everything but what time it is, for two minutes already."""

    async def silent() -> int:
        raise ExchangeUnreachable("silent")

    session = trading.world.session()
    assert isinstance(session, CcxtSession)
    clock = session._access.clock
    assert clock._reading is not None
    old = OLD_SECONDS + 1
    clock._ask = silent
    clock._reading = replace(
        clock._reading,
        at=clock._reading.at - old,
        theirs_ms=clock._reading.theirs_ms - old * 1000,
        ours_ms=clock._reading.ours_ms - round(old * 1000),
    )


async def test_a_newcomer_is_told_the_time_whatever_others_use_by_limits_it_does_not_know(
    tmp_path: Path,
) -> None:
    budget, clock = OwnBudget(), Stepped(0)
    options = PaperOptions(data_dir=tmp_path, prints_per_second=0.0)
    async with listening(options, clock) as paper:
        newcomer = CcxtExchanges(paper.url, sealed, clock, budget)
        knowing = Limits(budget, "binance:paper", MINUTE_MS, lambda: milliseconds(clock.now()))
        knowing.adopt(1_000_000, {})
        await knowing.take(100_000, Urgency.QUERY)
        offset_ms = await newcomer.market_data("binance", Mode.PAPER).clock_offset_ms()
        assert abs(offset_ms) < 1_000
        await newcomer.close()
