"""Books and balances side by side: the order path's world, opened, and what it comes to."""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import text

from tests.orders.world import BOT, World
from tradingbot.exchanges.ports import Credentials, Mode, Session
from tradingbot.ledger import repository
from tradingbot.ledger.balances import by_coin, open_books, totals
from tradingbot.ledger.moves import FREE, MANUAL, NOBODY, Pocket

Owned = Mapping[Pocket, Decimal]


async def opened(world: World) -> World:
    """Its account's balances are in the books: 100,000 USDT and 1 BTC that belong to no bot."""
    account = world.exchange.account(world.account_id)
    async with world.database.begin() as connection:
        await open_books(connection, world.account_id, account.balances)
    return world


def session(world: World) -> Session:
    return world.exchange.session(Credentials(world.account_id, "binance", Mode.PAPER, "", ""))


async def given(world: World, origin: str, **amounts: str) -> None:
    """Some of what is free goes to the bot."""
    moves: dict[Pocket, Decimal] = {}
    for asset, amount in amounts.items():
        moves[Pocket(BOT, origin, asset)] = Decimal(amount)
        moves[Pocket(NOBODY, FREE, asset)] = -Decimal(amount)
    async with world.database.begin() as connection:
        await repository.move(connection, world.account_id, moves)


async def owned(world: World) -> Owned:
    async with world.database.begin() as connection:
        return await repository.of_account(connection, world.account_id)


async def amount(world: World, origin: str, asset: str) -> Decimal:
    bot_id = NOBODY if origin == FREE else BOT
    return (await owned(world)).get(Pocket(bot_id, origin, asset), Decimal(0))


async def warnings(world: World) -> list[str]:
    """What the account's owner was told to look at."""
    query = text("SELECT message FROM events WHERE type = 'account_warning' ORDER BY id")
    async with world.database.begin() as connection:
        return list((await connection.execute(query)).scalars())


async def in_hand(world: World) -> dict[str, Decimal]:
    return {p.asset: a for p, a in (await owned(world)).items() if p.origin == MANUAL}


async def assert_books_equal_balances(world: World) -> None:
    there = totals(world.exchange.account(world.account_id).balances)
    ours = by_coin(await owned(world))
    assert ours == {asset: held for asset, held in there.items() if held}
