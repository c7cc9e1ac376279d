"""What differs between books and balances, and who takes it."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.fake_manners import Fault
from tests.fake_session import FakeSession
from tests.ledger.world import amount, assert_books_equal_balances, given, session, warnings
from tests.orders.world import SYMBOL, World, a_world
from tradingbot.exchanges.ports import Balance
from tradingbot.ledger.balances import Look, look, recount, settled, take_in
from tradingbot.ledger.moves import BOT, FREE
from tradingbot.orders.purse_repository import in_flight

D = Decimal


def usdt(text: str) -> dict[str, Decimal]:
    return {"USDT": D(text)} if D(text) else {}


@pytest.mark.parametrize(
    ("free", "difference", "taken", "missing"),
    [
        ("10", "5", "5", "0"),
        ("10", "-7", "-7", "0"),
        ("10", "-12", "-10", "2"),
        ("0", "-12", "0", "12"),
        ("-3", "5", "5", "0"),  # a fee in a third coin had taken more than was free
        ("-3", "2", "2", "1"),
        ("-3", "-2", "0", "5"),
        ("-3", "0", "0", "3"),
    ],
)
def test_the_free_part_takes_what_it_can_and_no_money_is_made_up(
    free: str, difference: str, taken: str, missing: str
) -> None:
    found = settled(usdt(difference), {"USDT": D(free)}, opening=False)
    assert found == (usdt(taken), usdt(missing))


@pytest.mark.parametrize(
    ("free", "difference", "taken", "missing"),
    [
        ("0", "100", "100", "0"),
        ("-40", "100", "100", "0"),  # bots had been given 40 before anybody looked
        ("-40", "30", "40", "10"),
        ("-40", "0", "40", "40"),
    ],
)
def test_at_the_opening_nothing_stays_below_zero(
    free: str, difference: str, taken: str, missing: str
) -> None:
    found = settled(usdt(difference), {"USDT": D(free)}, opening=True)
    assert found == (usdt(taken), usdt(missing))


async def seen(world: World) -> Look:
    found = await look(world.database, in_flight, world.account_id, session(world))
    assert found is not None
    return found


async def take(world: World, found: Look) -> Mapping[str, Decimal]:
    async with world.database.begin() as connection:
        return await take_in(connection, world.account_id, found)


async def test_books_that_agree_show_no_difference(world: World) -> None:
    assert (await seen(world)).differences == {}


async def test_what_differs_is_found_coin_by_coin_whoever_owns_it(world: World) -> None:
    await given(world, BOT, USDT="300", BTC="0.4")
    account = world.exchange.account(world.account_id)
    account.change("USDT", D("-0.01"), D("0.005"))
    account.change("ETH", D(2))

    assert (await seen(world)).differences == {"USDT": D("-0.005"), "ETH": D(2)}


async def test_a_difference_is_final_only_while_nothing_may_trade(world: World) -> None:
    assert (await seen(world)).still
    await world.placed()
    assert not (await seen(world)).still


async def test_while_an_order_is_unanswered_a_look_shows_nothing(world: World) -> None:
    world.exchange.fail_next(Fault.LOST_AFTER)
    await world.placed()

    assert await look(world.database, in_flight, world.account_id, session(world)) is None


async def test_a_look_during_which_a_trade_came_in_shows_nothing(world: World) -> None:
    order = await world.placed()

    class Slow(FakeSession):
        async def balances(self) -> dict[str, Balance]:
            there = await super().balances()
            world.exchange.move(SYMBOL, D(50_000))
            await world.executor.look_up(order)
            return there

    slow = Slow(world.exchange, world.exchange.account(world.account_id))
    assert await look(world.database, in_flight, world.account_id, slow) is None
    assert (await seen(world)).differences == {}


async def test_what_came_from_outside_is_free_and_its_owner_is_told(world: World) -> None:
    world.exchange.account(world.account_id).change("BTC", D("0.5"))
    world.exchange.account(world.account_id).change("USDT", D(-100))

    assert await take(world, await seen(world)) == {}

    await assert_books_equal_balances(world)
    [told] = await warnings(world)
    assert told == (
        "mine: 0.5 BTC came in from outside, free for any bot; "
        "100 USDT less than the books say, taken from the free part."
    )


async def test_what_bots_own_stays_theirs_though_it_is_gone(world: World) -> None:
    await given(world, BOT, USDT="99900")
    world.exchange.account(world.account_id).change("USDT", D(-1000))

    assert await take(world, await seen(world)) == {"USDT": D(900)}

    assert await amount(world, BOT, "USDT") == 99_900
    assert await amount(world, FREE, "USDT") == 0
    assert (await seen(world)).differences == {"USDT": D(-900)}


async def test_a_difference_seen_by_two_is_taken_in_once(world: World) -> None:
    world.exchange.account(world.account_id).change("USDT", D(50))
    first, second = await seen(world), await seen(world)

    await asyncio.gather(take(world, first), take(world, second))

    assert await amount(world, FREE, "USDT") == 100_050
    assert len(await warnings(world)) == 1


async def test_before_the_books_were_opened_all_there_is_is_found_without_a_word(
    database_url: str,
) -> None:
    async with a_world(database_url) as world:
        await given(world, BOT, USDT="300")  # as a bot that was there before there were books

        await recount(world.database, in_flight, world.account_id, session(world))

        assert await amount(world, BOT, "USDT") == 300
        assert await amount(world, FREE, "USDT") == 99_700
        await assert_books_equal_balances(world)
        assert await warnings(world) == []


async def test_a_recount_leaves_alone_what_a_trade_may_explain(world: World) -> None:
    await world.placed()
    world.exchange.account(world.account_id).change("USDT", D(50))

    await recount(world.database, in_flight, world.account_id, session(world))

    assert await amount(world, FREE, "USDT") == 100_000
