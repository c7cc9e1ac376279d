import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.kit.waiting import until
from tests.orders.waiting import aged, becomes
from tests.orders.world import SYMBOL, World, by_hand
from tradingbot.kit.database import DatabaseUnreachable
from tradingbot.kit.lease import show_alive
from tradingbot.kit.queue import Unprocessable
from tradingbot.kit.statement import Driver
from tradingbot.orders import monitor_repository
from tradingbot.orders.reconciliation import Reconciliation
from tradingbot.orders.watch import Watch
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus


@asynccontextmanager
async def watching(world: World) -> AsyncIterator[None]:
    async with world.database.asking() as driver:
        await show_alive(driver, "m1", "order-monitor")
    stopped = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.monitor.run(stopped))
        try:
            yield
        finally:
            stopped.set()


async def living_long(world: World) -> None:
    """As if it showed itself all the while."""
    async with world.database.asking() as driver:
        await driver.fetch("UPDATE workers SET alive_until = now() + interval '1 hour'")


async def listened_to(world: World) -> None:
    async def so() -> bool:
        return bool(world.exchange.account(world.account_id).listeners)

    await until(so)


async def test_a_fill_on_the_stream_reaches_the_order(world: World) -> None:
    order = await world.placed()
    async with watching(world):
        await listened_to(world)
        world.exchange.move(SYMBOL, D(50_000))

        order = await becomes(world, order, S.FILLED)
    assert order.filled_quantity == D("0.01")


async def test_what_happened_while_nobody_listened_is_found_when_the_stream_opens(
    world: World,
) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))

    async with watching(world):
        await becomes(world, order, S.FILLED)


async def test_what_happened_while_the_stream_was_cut_is_found_when_it_opens_again(
    world: World,
) -> None:
    order = await world.placed()
    async with watching(world):
        await listened_to(world)
        world.exchange.cut_streams()
        world.exchange.move(SYMBOL, D(50_000))

        await becomes(world, order, S.FILLED)


async def test_an_account_whose_claim_was_kept_though_its_answer_was_lost_is_claimed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, lost = monitor_repository.claim_accounts, 0

    async def unanswered(driver: Driver, worker_id: str, limit: int) -> Sequence[int]:
        nonlocal lost
        claimed = await claim(driver, worker_id, limit)
        if claimed and not lost:
            lost += 1
            raise DatabaseUnreachable("the connection broke")
        return claimed

    monkeypatch.setattr(monitor_repository, "claim_accounts", unanswered)
    order = await world.placed()
    async with watching(world):
        await living_long(world)
        await listened_to(world)
        world.exchange.move(SYMBOL, D(50_000))
        await becomes(world, order, S.FILLED)
    assert lost == 1


async def test_an_account_of_a_living_monitor_is_left_to_it(world: World) -> None:
    await world.placed()
    async with world.database.asking() as driver:
        await show_alive(driver, "another", "order-monitor")
    async with world.database.begin() as connection:
        await connection.execute(text("UPDATE exchange_accounts SET monitor_id = 'another'"))

    async with watching(world):
        await asyncio.sleep(1.5)
        assert world.exchange.account(world.account_id).listeners == []


async def test_an_account_of_a_dead_monitor_is_taken_over(world: World) -> None:
    await world.placed()
    async with world.database.begin() as connection:
        await connection.execute(text("UPDATE exchange_accounts SET monitor_id = 'dead'"))

    async with watching(world):
        await listened_to(world)


@pytest.mark.parametrize(
    "item", [{}, {"order_id": "1", "action": "monitor"}, {"order_id": 77, "action": "monitor"}]
)
async def test_an_item_that_means_nothing_is_refused_with_a_reason(
    world: World, item: dict[str, object]
) -> None:
    with pytest.raises(Unprocessable):
        await world.monitor.handle(item)


async def test_an_item_has_its_order_looked_at(world: World) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))

    await world.monitor.handle({"order_id": order.id, "action": "monitor"})

    assert (await world.now(order)).status is S.FILLED


@pytest.fixture
def audits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Accounts whose audit is done."""
    done: list[int] = []
    audit = Reconciliation.audit

    async def noted(self: Reconciliation, account_id: int) -> None:
        await audit(self, account_id)
        done.append(account_id)

    monkeypatch.setattr(Reconciliation, "audit", noted)
    return done


async def over(audits: list[int]) -> bool:
    return bool(audits)


async def is_held(world: World) -> bool:
    return await world.held_reason() is not None


async def test_at_the_start_an_account_without_any_order_is_audited_too(world: World) -> None:
    await (await world.session()).place(by_hand(world.clock, "tb-of-another-life"))

    async with watching(world):
        await until(lambda: is_held(world))

    assert [finding.kind for finding in await world.quarantined()] == ["unknown_order"]


async def test_an_account_is_audited_once_an_hour(world: World) -> None:
    async with world.database.asking() as driver:
        assert await monitor_repository.take_audits(driver, 10) == [world.account_id]
        assert await monitor_repository.take_audits(driver, 10) == []
        await driver.fetch(
            "UPDATE exchange_accounts SET audit_after = audit_after - interval '1 hour'"
        )
        assert await monitor_repository.take_audits(driver, 10) == [world.account_id]
        await monitor_repository.audit_everything(driver)
        assert await monitor_repository.take_audits(driver, 10) == [world.account_id]
        await driver.fetch("UPDATE exchange_accounts SET api_key_encrypted = ''")
        await monitor_repository.audit_everything(driver)
        assert await monitor_repository.take_audits(driver, 10) == []


async def test_an_audit_that_fails_is_put_off_for_a_minute(world: World) -> None:
    world.exchange.unreachable = True
    async with world.database.asking() as driver:
        await monitor_repository.take_audits(driver, 10)
        await world.monitor._audit(world.account_id)
        query = "SELECT audit_after - now() AS rest FROM exchange_accounts"
        row = await driver.fetchrow(query)
    assert row is not None
    assert timedelta(seconds=50) < row["rest"] <= timedelta(minutes=1)


async def test_a_database_that_comes_back_may_be_an_older_one_and_is_compared_anew(
    world: World, audits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(world):
        await until(lambda: over(audits))
        await (await world.session()).place(by_hand(world.clock, "tb-of-another-life"))
        take_due = monitor_repository.take_due

        async def away(*_: Any) -> Any:
            monkeypatch.setattr(monitor_repository, "take_due", take_due)
            raise DatabaseUnreachable("restarting")

        monkeypatch.setattr(monitor_repository, "take_due", away)
        await until(lambda: is_held(world))


async def test_another_server_is_noticed_though_the_database_was_never_away(
    world: World, audits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(world):
        await until(lambda: over(audits))
        await (await world.session()).place(by_hand(world.clock, "tb-of-another-life"))

        async def another(_: Driver) -> str:
            return "another moment"

        monkeypatch.setattr(monitor_repository, "server_started", another)
        await until(lambda: is_held(world))


async def test_what_is_planned_on_a_held_account_is_sent_once_it_is_released(
    world: World,
) -> None:
    order = await world.plan()
    await aged(world, order)
    await world.hold()
    async with watching(world):
        await listened_to(world)
        await asyncio.sleep(1)
        assert (await world.now(order)).status is S.PLANNED
        await world.release()
        await becomes(world, order, S.OPEN)


async def test_what_an_older_database_only_plans_is_compared_before_it_is_sent(
    world: World,
) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))
    world.exchange.move(SYMBOL, D(60_000))
    await world.forget_sending(order)
    await aged(world, order)

    async with watching(world):
        await becomes(world, order, S.FILLED)

    assert len(world.exchange.posts) == 1
    assert await is_held(world)


async def test_an_account_claimed_again_while_its_watch_ends_is_watched_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    async def short(self: Watch) -> None:
        seen.append(self.account_id)
        if len(seen) == 1:
            await world.monitor._claim(group)

    monkeypatch.setattr(Watch, "run", short)
    await world.placed()
    async with asyncio.TaskGroup() as group:
        async with world.database.asking() as driver:
            await driver.fetch("UPDATE exchange_accounts SET monitor_id = NULL")
        await world.monitor._claim(group)
        async with asyncio.timeout(5):
            while world.monitor._watching:
                await asyncio.sleep(0.01)
                async with world.database.asking() as driver:
                    await driver.fetch("UPDATE exchange_accounts SET monitor_id = NULL")
    assert seen == [world.account_id] * 2
    assert world.monitor._watches == {}
