"""How far an account's trades were read, and what is made of those that our books lack."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.fake_session import FakeSession
from tests.orders.test_reconciliation import D, compare
from tests.orders.world import SYMBOL, World
from tradingbot.exchanges.ports import Trade, TradeMark
from tradingbot.orders import cursors, monitor_repository
from tradingbot.trading.order import OrderStatus, Side


async def marks(world: World) -> dict[str, Any]:
    async with world.database.asking() as driver:
        return await monitor_repository.cursors(driver, world.account_id)


async def test_trades_are_read_on_from_where_they_were_read_to_with_an_overlap(
    world: World,
) -> None:
    await world.placed()
    world.exchange.move(SYMBOL, D(50_000), D("0.004"))
    await compare(world)
    first = (await marks(world))[SYMBOL]
    assert (first.at, first.trade_id) == (world.clock.now() - cursors.OVERLAP, None)

    world.clock.advance(cursors.OVERLAP.total_seconds())
    await compare(world)
    second = (await marks(world))[SYMBOL]
    assert (second.at - first.at, second.trade_id) == (cursors.OVERLAP, "2")

    world.clock.advance(-60)
    await compare(world)
    assert (await marks(world))[SYMBOL] == second


async def test_a_fill_our_books_lack_is_counted_in_when_its_trade_is_read(
    world: World, asked: Counter[str]
) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000), D("0.004"))
    await compare(world)
    async with world.database.begin() as connection:
        await connection.execute(text("DELETE FROM fills"))
        await connection.execute(
            text("UPDATE orders SET filled_quantity = 0, filled_cost = 0, fee = 0")
        )

    asked.clear()
    await world.reconciliation._cursors.read(
        world.account_id, {SYMBOL: world.clock.now() - timedelta(hours=1)}
    )

    assert asked == {"trades_since": 1}
    assert await world.fills() == [D("0.004")]
    assert (await world.now(order)).filled_quantity == D("0.004")


async def test_a_trade_that_cannot_be_true_is_set_aside_and_its_order_looked_up(
    world: World, asked: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))
    told = FakeSession.trades_since

    async def twice_as_much(self: FakeSession, symbol: str, mark: TradeMark) -> list[Trade]:
        trades = await told(self, symbol, mark)
        return [replace(trade, quantity=2 * trade.quantity) for trade in trades]

    monkeypatch.setattr(FakeSession, "trades_since", twice_as_much)
    await world.reconciliation._cursors.read(
        world.account_id, {SYMBOL: world.clock.now() - timedelta(hours=1)}
    )

    assert [finding.kind for finding in await world.quarantined()] == ["contradiction"]
    assert asked["find"] == 1
    assert await world.fills() == [order.quantity]
    assert (await world.now(order)).status is OrderStatus.FILLED


async def test_of_a_trade_of_an_account_with_itself_the_side_that_was_missed_is_counted_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.placed()
    world.exchange.move(SYMBOL, D(50_000))
    await compare(world)
    sell = await world.placed(slot="grid:02:sell", side=Side.SELL, price=D(60_000))
    told = FakeSession.trades_since

    async def both_sides(self: FakeSession, symbol: str, mark: TradeMark) -> list[Trade]:
        [bought] = await told(self, symbol, mark)
        number = str(sell.exchange_order_id)
        return [bought, replace(bought, side=Side.SELL, exchange_order_id=number)]

    monkeypatch.setattr(FakeSession, "trades_since", both_sides)
    await world.reconciliation._cursors.read(
        world.account_id, {SYMBOL: world.clock.now() - timedelta(hours=1)}
    )

    assert (await world.now(sell)).status is OrderStatus.FILLED
    assert await world.quarantined() == []


async def test_what_was_read_a_moment_ago_is_not_read_again_for_an_audit(
    world: World, asked: Counter[str]
) -> None:
    await world.placed()
    await compare(world)
    await world.reconciliation.audit(world.account_id)

    assert asked["trades_since"] == 1


async def test_what_was_read_before_the_database_was_away_is_read_again(
    world: World, asked: Counter[str]
) -> None:
    await world.placed()
    await compare(world)
    world.reconciliation.distrust()
    await world.reconciliation.audit(world.account_id)

    assert asked["trades_since"] == 2


async def test_a_mark_read_before_the_database_was_away_is_not_kept_in_an_older_one(
    world: World, asked: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.placed()
    read = cursors.TradeCursors._read

    async def away_meanwhile(*its: Any) -> Any:
        new = await read(*its)
        world.reconciliation.distrust()
        return new

    with monkeypatch.context() as away:
        away.setattr(cursors.TradeCursors, "_read", away_meanwhile)
        await compare(world)
    async with world.database.asking() as driver:
        assert await monitor_repository.cursors(driver, world.account_id) == {}
    await world.reconciliation.audit(world.account_id)
    assert asked["trades_since"] == 2
