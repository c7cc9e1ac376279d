"""When the exchange is asked, what is believed, and how often somebody is told."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.fake_session import FakeSession
from tests.kit.waiting import until
from tests.ledger.world import (
    amount,
    assert_books_equal_balances,
    given,
    warnings,
)
from tests.orders.test_monitor import listened_to, watching
from tests.orders.world import BOT, SYMBOL, World
from tradingbot.exchanges.ports import Balance
from tradingbot.ledger.moves import BOT as STRATEGY
from tradingbot.ledger.moves import FREE
from tradingbot.orders.models import Order

D = Decimal
HOUR = 3_600


class CountingSession(FakeSession):
    """How often it was asked for balances, and what happens while it is."""

    asked = 0
    meanwhile: Callable[[], None] | None = None

    async def balances(self) -> dict[str, Balance]:
        self.asked += 1
        if self.meanwhile is not None:
            self.meanwhile()
        return await super().balances()


@pytest.fixture
def counting(world: World) -> CountingSession:
    return CountingSession(world.exchange, world.exchange.account(world.account_id))


async def compare(world: World, asked: FakeSession) -> None:
    await world.auditor.compare(world.account_id, asked)


def deposit(world: World, asset: str, quantity: str) -> None:
    world.exchange.account(world.account_id).change(asset, D(quantity))


async def resting(world: World) -> Order:
    """An order that may trade: from now on no single look proves anything."""
    return await world.placed()


async def test_the_exchange_is_asked_at_first_and_then_every_five_minutes(
    world: World, counting: CountingSession
) -> None:
    for _ in range(3):
        await compare(world, counting)
    assert counting.asked == 1
    world.clock.advance(301)
    await compare(world, counting)
    assert counting.asked == 2


async def test_the_exchange_is_asked_when_the_stream_opened_anew(
    world: World, counting: CountingSession
) -> None:
    await compare(world, counting)
    world.auditor.doubt(world.account_id)
    await compare(world, counting)
    assert counting.asked == 2


async def test_the_exchange_is_asked_when_the_database_may_be_an_older_one(
    world: World, counting: CountingSession
) -> None:
    await compare(world, counting)
    world.reconciliation.distrust()
    await compare(world, counting)
    assert counting.asked == 2


async def test_a_look_begun_before_the_stream_opened_anew_is_no_look(
    world: World, counting: CountingSession
) -> None:
    await resting(world)
    deposit(world, "USDT", "50")
    await compare(world, counting)
    counting.meanwhile = lambda: world.auditor.doubt(world.account_id)
    await compare(world, counting)
    assert await amount(world, FREE, "USDT") == 100_000
    counting.meanwhile = None
    await compare(world, counting)
    assert await amount(world, FREE, "USDT") == 100_000
    await compare(world, counting)
    assert await amount(world, FREE, "USDT") == 100_050
    assert counting.asked == 4


async def test_two_who_compare_one_account_at_once_look_one_after_the_other(
    world: World, counting: CountingSession
) -> None:
    await resting(world)
    deposit(world, "USDT", "50")
    await asyncio.gather(compare(world, counting), compare(world, counting))
    assert await amount(world, FREE, "USDT") == 100_050
    assert counting.asked == 2
    await compare(world, counting)
    assert counting.asked == 2
    assert len(await warnings(world)) == 1


async def test_the_exchange_is_asked_when_the_stream_tells_of_what_is_not_in_the_books(
    world: World, counting: CountingSession
) -> None:
    await compare(world, counting)
    world.auditor.hear(world.account_id, {"USDT": Balance(D(99_000), D(1_000))})
    await compare(world, counting)
    assert counting.asked == 1
    world.auditor.hear(world.account_id, {"USDT": Balance(D(99_000), D("1000.1"))})
    await compare(world, counting)
    assert counting.asked == 2


async def test_a_difference_that_could_be_a_trade_is_believed_when_it_is_found_twice(
    world: World, counting: CountingSession
) -> None:
    await resting(world)
    deposit(world, "USDT", "50")
    await compare(world, counting)
    assert await amount(world, FREE, "USDT") == 100_000
    await compare(world, counting)
    assert await amount(world, FREE, "USDT") == 100_050
    assert len(await warnings(world)) == 1


async def test_two_looks_that_differ_are_no_proof(world: World, counting: CountingSession) -> None:
    await resting(world)
    for quantity in ("50", "1", "1"):
        deposit(world, "USDT", quantity)
        await compare(world, counting)
    assert await amount(world, FREE, "USDT") == 100_000
    await compare(world, counting)
    assert await amount(world, FREE, "USDT") == 100_052


async def test_a_fill_on_its_way_is_no_drift(world: World, counting: CountingSession) -> None:
    order = await resting(world)
    world.exchange.move(SYMBOL, D(50_000))
    await compare(world, counting)  # sees the trade in the balances before it is in the books
    await world.executor.look_up(order)
    await compare(world, counting)
    await compare(world, counting)

    assert await warnings(world) == []
    await assert_books_equal_balances(world)


async def test_bots_that_are_short_are_named_and_named_again_each_hour(
    world: World, counting: CountingSession
) -> None:
    await given(world, STRATEGY, USDT="99900")
    deposit(world, "USDT", "-1000")
    for _ in range(12):
        await compare(world, counting)
        world.clock.advance(HOUR / 12)
    first, *_, again = await warnings(world)
    assert first == "mine: 100 USDT less than the books say, taken from the free part."
    assert again == (
        f"mine: 900 USDT are missing that belong to bot {BOT} (99,900); "
        "orders may be refused until they are back."
    )
    assert len(await warnings(world)) == 2
    world.clock.advance(301)
    await compare(world, counting)
    assert len(await warnings(world)) == 3
    assert await amount(world, STRATEGY, "USDT") == 99_900


async def test_what_is_missing_and_comes_back_is_no_news(
    world: World, counting: CountingSession
) -> None:
    await given(world, STRATEGY, USDT="100000")
    deposit(world, "USDT", "-10")
    await compare(world, counting)
    deposit(world, "USDT", "10")
    world.clock.advance(301)
    await compare(world, counting)

    assert len(await warnings(world)) == 1
    await assert_books_equal_balances(world)


async def test_a_fee_coin_that_went_below_zero_is_told_of(
    world: World, counting: CountingSession
) -> None:
    await given(world, STRATEGY, BNB="0.001")  # and of what was free a fee took as much

    await compare(world, counting)

    [told] = await warnings(world)
    assert told.startswith("mine: 0.001 BNB are missing that belong to bot 5 (0.001)")


async def test_the_monitor_compares_when_it_has_compared_the_orders(world: World) -> None:
    await resting(world)
    deposit(world, "ETH", "2")

    async def heard_of() -> bool:
        world.monitor._watches[world.account_id]._hearing.unsure.set()
        return await amount(world, FREE, "ETH") == 2

    async with watching(world):
        await listened_to(world)
        await until(heard_of)


async def test_the_monitor_passes_on_what_the_stream_says_of_balances(world: World) -> None:
    await resting(world)
    async with watching(world):
        await listened_to(world)
        world.exchange.move(SYMBOL, D(50_000))

        async def told() -> bool:
            return "BTC" in world.auditor._memory(world.account_id).told

        await until(told)
