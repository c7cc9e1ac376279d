"""The transaction that counts a fill in moves the money, once, to the last digit."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.ledger.world import amount, assert_books_equal_balances, given
from tests.orders.world import SYMBOL, World
from tradingbot.ledger.moves import BOT, FREE
from tradingbot.trading.order import OrderStatus, OrderType, Side

D = Decimal


@pytest.mark.parametrize("fee_coin", [None, "BNB"])
async def test_a_buy_brings_the_bot_its_coins_and_takes_its_money(
    world: World, fee_coin: str | None
) -> None:
    world.exchange.fee_coin = fee_coin
    await given(world, BOT, USDT="1000")
    order = await world.placed()
    for part in ("0.003", "0.007"):
        world.exchange.move(SYMBOL, D(50_000), D(part))
        await world.executor.look_up(order)
        await assert_books_equal_balances(world)

    assert await amount(world, BOT, "USDT") == 500
    fee = D("0.00001")
    assert await amount(world, BOT, "BTC") == D("0.01") - (fee if fee_coin is None else 0)
    assert await amount(world, FREE, "BTC") == 1
    assert await amount(world, FREE, "BNB") == (0 if fee_coin is None else D("-0.001"))


@pytest.mark.parametrize("fee_coin", [None, "BNB"])
async def test_a_sale_brings_the_bot_its_money_and_takes_its_coins(
    world: World, fee_coin: str | None
) -> None:
    world.exchange.fee_coin = fee_coin
    await given(world, BOT, BTC="0.02")
    await world.placed(slot="s", side=Side.SELL, type=OrderType.MARKET, price=None)

    fee = D("0.6") if fee_coin is None else D(0)
    assert await amount(world, BOT, "USDT") == D(600) - fee
    assert await amount(world, BOT, "BTC") == D("0.01")
    assert await amount(world, FREE, "USDT") == 100_000
    await assert_books_equal_balances(world)


async def test_a_trade_told_again_moves_nothing(world: World) -> None:
    await given(world, BOT, USDT="1000")
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))
    report = await world.executor.look_up(order)
    assert report is not None
    for _ in range(2):
        await world.executor.take_in(world.account_id, report)

    assert await amount(world, BOT, "USDT") == 500
    await assert_books_equal_balances(world)


async def test_what_fails_while_a_fill_is_counted_in_moves_no_money(world: World) -> None:
    await given(world, BOT, USDT="1000")
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))
    async with world.database.begin() as connection:
        # What comes last in that transaction: the event.
        await connection.execute(text("ALTER TABLE events ADD CHECK (type <> 'order_filled')"))

    with pytest.raises(Exception, match="check constraint"):
        await world.executor.look_up(order)

    assert await amount(world, BOT, "USDT") == 1000
    assert (await world.now(order)).status is OrderStatus.OPEN
    assert await world.fills() == []
