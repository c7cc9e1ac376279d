"""An order by hand uses what its bot has idle and what belongs to no bot, and nothing else."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.fake_manners import Fault
from tests.ledger.world import (
    amount,
    assert_books_equal_balances,
    given,
    in_hand,
    opened,
    owned,
    warnings,
)
from tests.orders.test_service import a_body
from tests.orders.world import BOT, SYMBOL, World
from tests.orders.world import find_account as found
from tradingbot.kit.statement import Driver
from tradingbot.ledger import repository
from tradingbot.ledger.moves import BOT as STRATEGY
from tradingbot.ledger.moves import FREE, MANUAL, NOBODY, Pocket
from tradingbot.orders import repository as orders
from tradingbot.orders.errors import OrderRejected
from tradingbot.orders.ports import Account
from tradingbot.orders.schemas import OrderView
from tradingbot.trading.order import OrderStatus

D = Decimal
OTHER = BOT + 1


@pytest.fixture
async def world(world: World) -> World:
    return await opened(world)


async def place(world: World, **changes: Any) -> OrderView:
    return await world.desk.place_manual(world.user_id, a_body(**changes))


async def refused(world: World, **changes: Any) -> OrderRejected:
    with pytest.raises(OrderRejected) as caught:
        await place(world, **changes)
    return caught.value


def running(world: World) -> None:
    """From now on the bot's strategy runs."""

    async def find_account(
        driver: Driver, user_id: int, bot_id: int, *, lock: bool = False
    ) -> Account | None:
        account = await found(driver, user_id, bot_id, lock=lock)
        return None if account is None else replace(account, resting=False)

    world.desk._find_account = find_account


async def all_belongs_to_another(world: World, asset: str, *, but: str = "0") -> None:
    free = await amount(world, FREE, asset) - D(but)
    moves = {Pocket(NOBODY, FREE, asset): -free, Pocket(OTHER, STRATEGY, asset): free}
    async with world.database.begin() as connection:
        await repository.move(connection, world.account_id, moves)


async def test_what_an_order_may_cost_is_set_aside_when_it_is_planned(world: World) -> None:
    await place(world, quantity=0.001, price=50_000)

    assert await in_hand(world) == {"USDT": D(50)}
    assert await amount(world, FREE, "USDT") == 99_950
    await assert_books_equal_balances(world)


async def test_what_it_bought_is_its_bots_and_what_it_did_not_spend_is_free(world: World) -> None:
    view = await place(world, quantity=0.001, price=50_000)
    world.exchange.move(SYMBOL, D(50_000), D("0.0004"))
    await world.desk.cancel(world.user_id, view.id)

    assert await in_hand(world) == {"BTC": D("0.0004") * D("0.999")}
    assert await amount(world, FREE, "USDT") == 99_980
    await assert_books_equal_balances(world)


async def test_a_better_price_than_was_set_aside_leaves_the_difference_free(world: World) -> None:
    await place(world, quantity=0.001, price=61_000)  # the market is at 60,000

    assert await in_hand(world) == {"BTC": D("0.000999")}
    assert await amount(world, FREE, "USDT") == 99_940


async def test_a_market_order_sets_aside_a_little_more_than_the_last_price(world: World) -> None:
    world.exchange.fail_next(Fault.LATE)
    await place(world, type="market", price=None, quantity=0.001)

    assert await in_hand(world) == {"USDT": D("60.3")}


async def test_what_is_in_hand_is_used_first_and_stays_there(world: World) -> None:
    await given(world, MANUAL, USDT="30")
    view = await place(world, quantity=0.001, price=50_000)
    assert await amount(world, FREE, "USDT") == 99_950
    await world.desk.cancel(world.user_id, view.id)

    assert await in_hand(world) == {"USDT": D(30)}
    assert await amount(world, FREE, "USDT") == 99_970


async def test_what_a_sale_brought_pays_for_the_next_buy(world: World) -> None:
    await place(world, side="sell", type="market", price=None, quantity=0.01)
    assert await in_hand(world) == {"USDT": D("599.4")}
    await place(world, quantity=0.01, price=50_000)

    assert await in_hand(world) == {"USDT": D("599.4")}
    assert await amount(world, FREE, "USDT") == 100_000
    assert await amount(world, FREE, "BTC") == D("0.99")


async def test_never_anothers_money_but_a_refusal_that_says_what_there_is(world: World) -> None:
    await all_belongs_to_another(world, "USDT", but="30")
    await given(world, MANUAL, USDT="10")

    no = await refused(world, quantity=0.001, price=50_000)

    assert (no.rejection, no.field, no.status) == ("insufficient_funds", "quantity", 422)
    assert no.message.startswith("it needs 50 USDT, and 30 USDT can be used")
    assert no.order is not None
    assert no.order.status is OrderStatus.REJECTED
    assert world.exchange.posts == []
    assert await in_hand(world) == {"USDT": D(10)}


async def test_never_anothers_coins(world: World) -> None:
    await all_belongs_to_another(world, "BTC", but="0.001")

    no = await refused(world, side="sell", quantity=0.002, price=70_000)

    assert no.message.startswith("it needs 0.002 BTC, and 0.001 BTC can be used")
    assert (await place(world, side="sell", quantity=0.001, price=70_000)).status == "open"


async def test_what_live_orders_hold_back_cannot_be_used_again(world: World) -> None:
    await all_belongs_to_another(world, "USDT", but="80")
    await place(world, quantity=0.001, price=50_000)

    assert "30 USDT can be used" in (await refused(world, quantity=0.001, price=50_000)).message
    assert (await place(world, quantity=0.0006, price=50_000)).status == "open"


async def test_two_at_once_do_not_spend_the_same_money(world: World) -> None:
    await all_belongs_to_another(world, "USDT", but="80")

    both = [place(world, quantity=0.001, price=50_000 + i) for i in range(2)]
    answers = await asyncio.gather(*both, return_exceptions=True)

    assert sorted(type(answer).__name__ for answer in answers) == ["OrderRejected", "OrderView"]
    assert len(world.exchange.posts) == 1
    await assert_books_equal_balances(world)


async def test_a_resting_strategys_idle_money_may_be_used(world: World) -> None:
    await given(world, STRATEGY, USDT="40")
    await all_belongs_to_another(world, "USDT", but="20")

    await place(world, quantity=0.001, price=50_000)

    assert await amount(world, STRATEGY, "USDT") == 0
    assert await amount(world, FREE, "USDT") == 10


async def test_a_running_strategys_money_may_not(world: World) -> None:
    await given(world, STRATEGY, USDT="40")
    await all_belongs_to_another(world, "USDT", but="20")
    running(world)

    assert "20 USDT can be used" in (await refused(world, quantity=0.001, price=50_000)).message
    assert await amount(world, STRATEGY, "USDT") == 40


async def test_what_was_set_aside_for_an_order_the_exchange_refused_is_free_again(
    world: World,
) -> None:
    world.exchange.account(world.account_id).change("USDT", D(-99_980))  # unseen so far
    no = await refused(world, quantity=0.001, price=50_000)

    assert no.rejection == "insufficient_funds"
    assert len(world.exchange.posts) == 1
    assert await in_hand(world) == {}
    assert await amount(world, FREE, "USDT") == 100_000


async def test_money_that_has_just_come_in_is_counted_before_anybody_is_refused(
    world: World,
) -> None:
    await all_belongs_to_another(world, "USDT")
    world.exchange.account(world.account_id).change("USDT", D(60))

    assert (await place(world, quantity=0.001, price=50_000)).status == "open"
    assert await warnings(world) == ["mine: 60 USDT came in from outside, free for any bot."]
    await assert_books_equal_balances(world)


async def test_the_same_key_twice_sets_aside_once(world: World) -> None:
    for _ in range(2):
        await world.desk.place_manual(world.user_id, a_body(price=50_000), "a-key")
    assert await in_hand(world) == {"USDT": D(50)}


async def test_a_refused_order_is_refused_again_by_its_key(world: World) -> None:
    await all_belongs_to_another(world, "USDT")
    for _ in range(2):
        with pytest.raises(OrderRejected, match="0 USDT can be used"):
            await world.desk.place_manual(world.user_id, a_body(price=50_000), "a-key")


async def test_an_order_proven_absent_and_found_later_all_the_same_moves_what_it_traded(
    world: World,
) -> None:
    world.exchange.fail_next(Fault.LOST_AFTER)
    view = await place(world, quantity=0.001, price=50_000)
    assert await world.applier.prove_absent(view.id) is not None
    assert await in_hand(world) == {}
    async with world.database.driving() as driver:
        order = await orders.by_id(driver, view.id)
    assert order is not None
    world.exchange.move(SYMBOL, D(50_000))
    await world.executor.look_up(order)

    assert await in_hand(world) == {"BTC": D("0.000999"), "USDT": D(-50)}
    await assert_books_equal_balances(world)


async def test_before_the_books_are_opened_nobody_is_refused(world: World) -> None:
    async with world.database.begin() as connection:
        await connection.execute(text("UPDATE exchange_accounts SET reconciled_at = NULL"))
        await connection.execute(text("DELETE FROM holdings"))

    await place(world, quantity=0.001, price=50_000)

    assert (await owned(world))[Pocket(NOBODY, FREE, "USDT")] == -50
