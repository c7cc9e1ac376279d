"""The stream of an account: taken in its order, after a comparison, whatever it says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.fake_session import FakeSession
from tests.kit.waiting import until
from tests.orders.waiting import becomes
from tests.orders.world import SYMBOL, World, by_hand
from tradingbot.exchanges.ports import Balance, BalancesChanged, OrderReport, Unreadable
from tradingbot.kit.crew import Crew
from tradingbot.orders import hearing
from tradingbot.orders.hearing import Hearing
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus


def an_ear(world: World, crew: Crew) -> Hearing:
    return Hearing(
        world.account_id,
        world.database,
        world.executor._sessions,
        world.executor,
        world.monitor._strangers,
        world.auditor,
        crew,
    )


@asynccontextmanager
async def heard(world: World) -> AsyncIterator[Hearing]:
    async with Crew() as crew:
        ear = an_ear(world, crew)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(ear.run())
            async with asyncio.timeout(5):
                await ear.unsure.wait()
            yield ear
            running.cancel()


def tell(world: World, *news: OrderReport | BalancesChanged | Unreadable) -> None:
    world.exchange.account(world.account_id).tell(*news)


async def report_of(world: World, order: Order) -> OrderReport:
    report = await (await world.session()).find(SYMBOL, order.client_order_id)
    assert report is not None
    return report


async def test_news_waits_until_the_orders_were_compared(world: World) -> None:
    order = await world.placed()
    async with heard(world) as ear:
        assert ear.epoch == 1
        world.exchange.move(SYMBOL, D(50_000))
        await asyncio.sleep(0.3)
        assert (await world.now(order)).status is S.OPEN

        ear.compared(1)
        await becomes(world, order, S.FILLED)


async def test_a_comparison_begun_in_another_life_of_the_stream_does_not_count(
    world: World,
) -> None:
    order = await world.placed()
    async with heard(world) as ear:
        ear.unsure.clear()
        world.exchange.cut_streams()
        async with asyncio.timeout(5):
            await ear.unsure.wait()
        assert ear.epoch == 2
        world.exchange.move(SYMBOL, D(50_000))

        ear.compared(1)
        await asyncio.sleep(0.3)
        assert (await world.now(order)).status is S.OPEN


async def test_news_does_not_wait_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "BUFFER_SECONDS", 0.1)
    order = await world.placed()
    async with heard(world):
        world.exchange.move(SYMBOL, D(50_000))
        await becomes(world, order, S.FILLED)


async def test_news_is_taken_in_in_the_order_it_came(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await world.placed()
    taken: list[Decimal] = []
    note = world.executor.note

    async def slow_at_first(account_id: int, report: OrderReport) -> Any:
        await asyncio.sleep(0.05 if not taken else 0)
        taken.append(report.filled_quantity)
        return await note(account_id, report)

    monkeypatch.setattr(world.executor, "note", slow_at_first)
    async with heard(world) as ear:
        ear.compared(1)
        for _ in range(10):
            world.exchange.move(SYMBOL, D(50_000), D("0.001"))
        await becomes(world, order, S.FILLED)
    assert taken == sorted(taken)
    assert len(await world.fills()) == 10


async def test_fills_that_are_only_counted_are_fetched(world: World) -> None:
    order = await world.placed()
    async with heard(world) as ear:
        ear.compared(1)
        held = world.exchange.account(world.account_id)
        listeners, held.listeners = held.listeners, []
        world.exchange.move(SYMBOL, D(50_000))
        held.listeners = listeners
        tell(world, await report_of(world, order))
        await becomes(world, order, S.FILLED)


async def test_a_message_that_cannot_be_read_is_set_aside_and_has_the_orders_compared(
    world: World,
) -> None:
    order = await world.placed()
    async with heard(world) as ear:
        ear.compared(1)
        tell(world, Unreadable("{half", "no JSON"), Unreadable("{half", "no JSON"))
        world.exchange.move(SYMBOL, D(50_000))
        await becomes(world, order, S.FILLED)
        assert ear.suspicious
    [finding] = await world.quarantined()
    assert (finding.kind, finding.times) == ("unreadable", 2)
    assert "no JSON" in finding.why
    assert "{half" in finding.what


async def test_a_report_that_cannot_be_true_has_its_order_looked_up(world: World) -> None:
    order = await world.placed()
    async with heard(world) as ear:
        ear.compared(1)
        held = world.exchange.account(world.account_id)
        listeners, held.listeners = held.listeners, []
        world.exchange.move(SYMBOL, D(50_000))
        held.listeners = listeners
        tell(world, replace(await report_of(world, order), filled_quantity=D(77)))
        await becomes(world, order, S.FILLED)
    assert [finding.kind for finding in await world.quarantined()] == ["contradiction"]


async def test_an_order_of_ours_nobody_knows_is_noticed_on_the_stream(world: World) -> None:
    async with heard(world) as ear:
        ear.compared(1)
        session = await world.session()
        await session.place(by_hand(world.clock, "tb-of-another-life"))
        await session.place(by_hand(world.clock, "by-hand"))

        async def held() -> bool:
            return await world.held_reason() is not None

        await until(held)
    assert [finding.kind for finding in await world.quarantined()] == ["unknown_order"]


async def test_a_balance_that_changes_without_an_order_is_odd(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "MOMENT_SECONDS", 0.05)
    async with heard(world) as ear:
        ear.compared(1)
        await asyncio.sleep(0.2)
        tell(world, BalancesChanged({"BTC": Balance(D(5), D(0))}))

        async def suspicious() -> bool:
            return ear.suspicious

        await until(suspicious)


async def test_a_balance_that_changes_with_an_order_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "MOMENT_SECONDS", 0.05)
    async with heard(world) as ear:
        ear.compared(1)
        await asyncio.sleep(0.2)
        await world.placed()
        await asyncio.sleep(0.2)
        assert not ear.suspicious


async def test_the_next_life_of_the_stream_begins_before_the_old_one_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LIFE_SECONDS", 0.1)
    listening: list[int] = []
    async with heard(world) as ear:
        held = world.exchange.account(world.account_id)
        while ear.epoch < 4:
            listening.append(len(held.listeners))
            await asyncio.sleep(0.001)
    assert min(listening) == 1


async def test_a_life_that_cannot_be_opened_leaves_the_old_one_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LIFE_SECONDS", 0.1)
    monkeypatch.setattr(hearing, "OPENING_SECONDS_MAX", 0.05)
    tried: list[int] = []

    async def never(_: FakeSession) -> AsyncIterator[Any]:
        tried.append(1)
        await asyncio.Event().wait()
        yield

    order = await world.placed()
    async with heard(world) as ear:
        ear.compared(1)
        monkeypatch.setattr(FakeSession, "news", never)

        async def tried_twice() -> bool:
            return len(tried) > 1

        await until(tried_twice)
        world.exchange.move(SYMBOL, D(50_000))
        await becomes(world, order, S.FILLED)


async def test_not_even_a_fault_of_ours_ends_the_hearing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "RETRY_SECONDS", 0.01)
    order = await world.placed()
    note = world.executor.note
    async with heard(world) as ear:
        ear.compared(1)
        ear.unsure.clear()

        async def broken(*_: Any) -> Any:
            raise ZeroDivisionError

        monkeypatch.setattr(world.executor, "note", broken)
        world.exchange.move(SYMBOL, D(50_000), D("0.004"))
        async with asyncio.timeout(5):
            await ear.unsure.wait()
        monkeypatch.setattr(world.executor, "note", note)
        world.exchange.move(SYMBOL, D(50_000))
        await becomes(world, order, S.FILLED)


@pytest.mark.parametrize("turns", range(5))
async def test_who_is_told_to_end_just_as_the_comparison_comes_ends(
    world: World, turns: int
) -> None:
    order = await world.placed()
    async with Crew() as crew:
        ear = an_ear(world, crew)
        running = asyncio.ensure_future(ear.run())
        async with asyncio.timeout(5):
            await ear.unsure.wait()
        tell(world, await report_of(world, order))
        await asyncio.sleep(0.1)  # it has the report, and waits for the comparison
        ear.compared(1)
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        done, _ = await asyncio.wait({running}, timeout=5)
    assert done
