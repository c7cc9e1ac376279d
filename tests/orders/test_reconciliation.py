"""What an account has on its exchange is held against our books: every difference has a name."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.fake_manners import Fault
from tests.fake_session import FakeSession
from tests.orders.world import SYMBOL, World, by_hand
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import OrderReport
from tradingbot.orders import reconciliation
from tradingbot.orders.models import Order
from tradingbot.orders.strangers import Strangers
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus
OURS = "tb-of-another-life"


async def compare(world: World, times: int = 1) -> None:
    for _ in range(times):
        await world.reconciliation.compare(world.account_id, trades=True)


async def settled(world: World) -> None:
    """As if nothing had changed for two minutes."""
    async with world.database.begin() as connection:
        await connection.execute(
            text("UPDATE orders SET updated_at = updated_at - interval '2 minutes'")
        )


async def test_orders_listed_as_we_have_them_are_not_looked_up_one_by_one(
    world: World, asked: Counter[str]
) -> None:
    for number in range(20):
        await world.placed(slot=f"grid:{number:02}:buy")

    assert await world.reconciliation.compare(world.account_id, trades=True)

    assert asked == {"open_orders": 1, "trades_since": 1}


async def test_an_order_that_ended_unheard_is_found(world: World) -> None:
    filled, cancelled = await world.placed(), await world.placed(slot="grid:02:buy", price=D(40000))
    world.exchange.move(SYMBOL, D(50_000))
    assert cancelled.exchange_order_id is not None
    await (await world.session()).cancel(SYMBOL, cancelled.exchange_order_id)

    await compare(world)

    assert (await world.now(filled)).status is S.FILLED
    assert (await world.now(cancelled)).status is S.CANCELLED
    assert await world.quarantined() == []


async def test_a_part_that_was_filled_unheard_is_found(world: World) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000), D("0.004"))

    await compare(world)

    order = await world.now(order)
    assert (order.status, order.filled_quantity) == (S.PARTIALLY_FILLED, D("0.004"))


async def test_orders_that_were_filled_unheard_are_not_looked_up_one_by_one(
    world: World, asked: Counter[str]
) -> None:
    for number in range(20):
        await world.placed(slot=f"grid:{number:02}:buy")
    world.exchange.move(SYMBOL, D(50_000))

    await compare(world)

    assert asked == {"open_orders": 1, "trades_since": 1}
    assert len(await world.fills()) == 20


async def test_of_many_that_were_cancelled_unheard_one_that_cannot_be_had_keeps_no_other_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [await world.placed(slot=f"grid:{number:02}:buy") for number in range(6)]
    for order in orders:
        await (await world.session()).cancel(SYMBOL, order.exchange_order_id or "")
    find = FakeSession.find

    async def not_the_third(self: FakeSession, symbol: str, cid: str) -> OrderReport | None:
        if cid == orders[2].client_order_id:
            raise ExchangeUnreachable("no answer to this one")
        return await find(self, symbol, cid)

    async def live() -> int:
        return len(await world.reconciliation._live_orders(world.account_id))

    with monkeypatch.context() as unlucky:
        unlucky.setattr(FakeSession, "find", not_the_third)
        with pytest.raises(ExchangeUnreachable):
            await compare(world)
    assert await live() == 3
    await compare(world)
    assert await live() == 0


async def test_an_order_that_ended_while_the_list_came_costs_no_look_up(
    world: World, asked: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await world.placed()
    listed = FakeSession.open_orders

    async def ends_meanwhile(self: FakeSession, symbol: str | None = None) -> Any:
        await world.executor.cancel(order)
        return await listed(self, symbol)

    monkeypatch.setattr(FakeSession, "open_orders", ends_meanwhile)
    await compare(world)

    assert asked["find"] == 0


async def test_an_order_in_doubt_that_is_listed_is_found(world: World) -> None:
    world.exchange.fail_next(Fault.LOST_AFTER)
    order = await world.placed()

    await compare(world)

    assert (await world.now(order)).status is S.OPEN


async def test_many_markets_are_asked_for_in_one_list(
    world: World, asked: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciliation, "LISTS_MAX", 0)
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000), D("0.004"))

    await compare(world)

    assert asked["open_orders"] == 1
    assert (await world.now(order)).status is S.PARTIALLY_FILLED


async def test_an_order_the_exchange_has_forgotten_is_reported_and_not_concluded_about(
    world: World,
) -> None:
    order = await world.placed()
    world.exchange.account(world.account_id).orders.clear()

    await compare(world, times=4)  # at first all of it may be older than the order
    assert await world.quarantined() == []
    async with world.database.asking() as driver:
        await driver.fetch("UPDATE orders SET updated_at = now() - interval '1 minute'")
    await compare(world, times=2)
    assert await world.quarantined() == []
    await compare(world, times=2)

    [finding] = await world.quarantined()
    assert (finding.kind, finding.subject) == ("missing_order", order.client_order_id)
    assert (await world.now(order)).status is S.OPEN
    assert await world.held_reason() is None


async def unknown_order(world: World, cid: str = OURS) -> None:
    await (await world.session()).place(by_hand(world.clock, cid))


async def test_an_order_of_ours_nobody_knows_is_set_aside_told_once_and_holds_the_account(
    world: World,
) -> None:
    await world.placed()
    await unknown_order(world)

    await compare(world, times=3)

    [finding] = await world.quarantined()
    assert (finding.kind, finding.subject) == ("unknown_order", OURS)
    assert "buy 0.02 BTC" in finding.why
    assert '"exchange_order_id":"2"' in finding.what
    assert await world.held_reason() == finding.why
    assert (await world.event_types()).count("account_warning") == 1


async def test_what_is_traded_by_hand_is_nobodys_business(
    world: World, asked: Counter[str]
) -> None:
    await world.placed(price=D(49_000))
    await unknown_order(world, "by-hand")
    await compare(world)
    world.exchange.move(SYMBOL, D(50_000))
    await compare(world, times=3)

    assert await world.quarantined() == []
    assert await world.held_reason() is None
    assert asked["find_by_exchange_id"] == 1


async def test_whose_a_trade_is_is_asked_again_when_the_database_was_away_meanwhile(
    world: World, asked: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.placed(price=D(49_000))
    await unknown_order(world, "by-hand")
    await compare(world)
    world.exchange.move(SYMBOL, D(50_000))
    judge = Strangers.judge

    async def away_meanwhile(*its: Any) -> None:
        await judge(*its)
        world.reconciliation.distrust()

    with monkeypatch.context() as away:
        away.setattr(Strangers, "judge", away_meanwhile)
        await compare(world)
    await compare(world, times=2)

    assert asked["find_by_exchange_id"] == 2


async def test_an_order_of_another_user_with_the_same_key_is_not_unknown(world: World) -> None:
    order = await world.placed()
    async with world.database.begin() as connection:
        twin = await connection.execute(text(TWIN), {"id": world.account_id})
        await connection.execute(text("UPDATE orders SET account_id = :id"), {"id": twin.scalar()})
    await world.placed(slot="grid:02:buy")

    await compare(world)

    assert (await world.now(order)).account_id != world.account_id
    assert await world.quarantined() == []


TWIN = """
INSERT INTO exchange_accounts (user_id, exchange, mode, name, api_key_encrypted,
    api_secret_encrypted, api_key_hint, api_key_fingerprint)
SELECT user_id, exchange, mode, name, api_key_encrypted, api_secret_encrypted, api_key_hint, 'twin'
FROM exchange_accounts WHERE id = :id RETURNING id
"""


async def test_an_order_only_planned_in_an_older_database_is_adopted_and_not_sent_again(
    world: World,
) -> None:
    await world.placed()
    order = await world.placed(slot="grid:02:buy")
    await world.forget_sending(order)

    await compare(world)

    assert (await world.now(order)).status is S.OPEN
    assert [finding.kind for finding in await world.quarantined()] == ["lost_record"]
    assert await world.held_reason() is not None
    await world.executor.place(order)
    assert len(world.exchange.posts) == 2


async def test_an_order_that_is_over_in_an_older_database_is_found_by_its_trades(
    world: World,
) -> None:
    await world.placed(price=D(40_000))
    lost, planned = await world.placed(slot="grid:02:buy"), await world.placed(slot="grid:03:buy")
    world.exchange.move(SYMBOL, D(50_000))
    await world.forget(lost)
    await world.forget_sending(planned)

    await compare(world)

    assert sorted(f.kind for f in await world.quarantined()) == ["lost_record", "unknown_fills"]
    assert (await world.now(planned)).status is S.FILLED
    assert await world.held_reason() is not None


async def test_also_where_the_older_database_knows_only_of_orders_that_are_over(
    world: World,
) -> None:
    known, lost = await world.placed(), await world.placed(slot="grid:02:buy")
    world.exchange.move(SYMBOL, D(50_000))
    await world.executor.look_up(known)
    await world.forget(lost)

    await world.reconciliation.audit(world.account_id)

    assert [finding.kind for finding in await world.quarantined()] == ["unknown_fills"]


async def test_an_order_thought_never_placed_is_adopted_with_a_warning(world: World) -> None:
    await world.placed()
    world.exchange.fail_next(Fault.LOST_AFTER)
    order = await world.placed(slot="grid:02:buy")
    await world.applier.prove_absent(order.id)

    await compare(world)

    assert (await world.now(order)).status is S.OPEN
    assert (await world.event_types())[-2:] == ["account_warning", "order_placed"]
    assert await world.held_reason() is None


async def reopened(world: World) -> Order:
    """Ended in our books, by whatever mistake, and open on the exchange."""
    await world.placed()
    world.exchange.fail_next(Fault.LOST_AFTER)
    order = await world.placed(slot="grid:02:buy")
    async with world.database.begin() as connection:
        query = "UPDATE orders SET status = 'rejected' WHERE id = :id"
        await connection.execute(text(query), {"id": order.id})
    return order


async def test_an_order_we_think_over_that_is_open_holds_the_account(world: World) -> None:
    order = await reopened(world)
    await settled(world)

    await compare(world)

    assert (await world.now(order)).status is S.REJECTED
    assert [finding.kind for finding in await world.quarantined()] == ["reopened_order"]
    assert await world.held_reason() is not None


async def test_a_list_that_is_older_than_an_end_is_not_believed(world: World) -> None:
    await reopened(world)

    await compare(world)

    assert await world.quarantined() == []


async def test_two_orders_under_one_id_are_told(world: World) -> None:
    order = await world.placed()
    held = world.exchange.account(world.account_id).orders
    await unknown_order(world, "by-hand")
    held[-1].request = held[0].request

    await compare(world)

    [finding] = await world.quarantined()
    assert (finding.kind, finding.subject) == ("contradiction", order.client_order_id)
    assert "another" in finding.why


async def test_an_audit_finds_what_is_unknown_on_an_account_without_any_order(
    world: World,
) -> None:
    await unknown_order(world)

    await world.reconciliation.audit(world.account_id)

    assert [finding.kind for finding in await world.quarantined()] == ["unknown_order"]


async def test_what_was_unknown_and_released_is_not_found_again(world: World) -> None:
    await unknown_order(world)
    await world.reconciliation.audit(world.account_id)
    await world.release()

    await world.reconciliation.audit(world.account_id)

    assert await world.held_reason() is None
    world.exchange.move(SYMBOL, D(50_000))
    await world.placed(price=D(40_000))
    await compare(world)
    assert await world.held_reason() is None
