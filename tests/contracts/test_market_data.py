"""What every implementation of the public side does."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.contracts.worlds import SYMBOL, World
from tradingbot.exchanges.errors import SymbolUnknown
from tradingbot.exchanges.ports import Price

pytestmark = pytest.mark.anyio


async def test_a_market_is_known_by_its_rules(world: World) -> None:
    market = await world.market_data.market(SYMBOL)
    assert (market.base, market.quote) == ("BTC", "USDT")
    assert (market.tick_size, market.step_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert market.notional_min > 0
    assert (await world.market_data.markets())[SYMBOL] == market


async def test_a_market_that_is_not_there_is_said_to_be_unknown(world: World) -> None:
    with pytest.raises(SymbolUnknown):
        await world.market_data.market("NOT/THERE")
    with pytest.raises(SymbolUnknown):
        await world.market_data.price("NOT/THERE")
    with pytest.raises(SymbolUnknown):
        await world.market_data.candles("NOT/THERE", "1h", 10)
    with pytest.raises(SymbolUnknown):
        async with world.market_data.prices("NOT/THERE"):
            pass


async def test_the_price_is_that_of_the_last_trade(world: World) -> None:
    world.move("61234.5")
    assert await world.market_data.price(SYMBOL) == Decimal("61234.5")


@pytest.mark.parametrize("count", [1, 100, 1_001])
async def test_candles_come_as_many_as_asked_for_oldest_first(world: World, count: int) -> None:
    candles = await world.market_data.candles(SYMBOL, "1h", count)
    assert len(candles) == count
    assert [candle.at for candle in candles] == [
        candles[0].at + 3_600_000 * place for place in range(count)
    ]
    assert all(candle.low <= candle.open <= candle.high for candle in candles)


async def test_the_clock_is_compared(world: World) -> None:
    assert abs(await world.market_data.clock_offset_ms()) < 1_000


async def heard(prices: AsyncIterator[Price], count: int) -> list[Decimal]:
    async with asyncio.timeout(10):
        return [(await anext(prices)).price for _ in range(count)]


async def test_every_listener_hears_every_trade(world: World) -> None:
    moves = [str(60_000 + step) for step in range(20)]
    async with (
        world.market_data.prices(SYMBOL) as one,
        world.market_data.prices(SYMBOL) as other,
        asyncio.TaskGroup() as tasks,
    ):
        hearing = [tasks.create_task(heard(prices, 20)) for prices in (one, other)]
        await asyncio.sleep(0.3)
        for price in moves:
            world.move(price)
    assert [task.result() for task in hearing] == [[Decimal(price) for price in moves]] * 2
