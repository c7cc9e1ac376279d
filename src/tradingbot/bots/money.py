"""A bot's part of its account's money: taken when it starts, given back when it rests."""

from decimal import Decimal
from typing import Any

from tradingbot.bots import codec, runner_repository
from tradingbot.bots.errors import FundsLacking
from tradingbot.bots.parameters import AnyStrategy
from tradingbot.bots.repository import Bot, state_of
from tradingbot.kit.database import Connection
from tradingbot.ledger import repository as holdings
from tradingbot.ledger import service as ledger
from tradingbot.ledger.moves import BOT, Moves, together
from tradingbot.ledger.purse import Purse
from tradingbot.orders.purse_repository import purse as find_purse
from tradingbot.trading.funds import Funds
from tradingbot.trading.money import spoken


def coins(symbol: str) -> tuple[str, str]:
    base, _, quote = symbol.partition("/")
    return base, quote


def stake(purse: Purse, symbol: str, lacking: Funds, field: str) -> Moves:
    """What brings the strategy what it lacks. Raises FundsLacking."""
    base, quote = coins(symbol)
    wanted = ((base, lacking.base), (quote, lacking.quote))
    moves = []
    for coin, amount in wanted:
        drawn = purse.draw(BOT, coin, amount, shared=True)
        if drawn is None:
            raise _lacking(purse, coin, amount, field)
        moves.append(drawn)
    return together(*moves)


def lacking(purse: Purse, symbol: str, claims: Funds, untold: Moves | None = None) -> Funds:
    """What the strategy counts on and does not own. `untold`: what it owns without knowing it."""
    known = purse.after({pocket: -amount for pocket, amount in (untold or {}).items()})
    return claims.beyond(known.owned_by_strategy(*coins(symbol)))


async def take_stake(connection: Connection, bot: Bot, strategy: AnyStrategy) -> None:
    """What it needs to start, from what belongs to no bot. Raises FundsLacking, FreeTaken.

    With orders out or news waiting, only its worker knows, once the strategy is told of all of it.
    """
    purse = await find_purse(connection, bot.account_id, bot.id, coins(bot.symbol))
    if purse.live(BOT) or await runner_repository.waits(connection, bot.id):
        return
    claims = await _claims(connection, bot, strategy, bot.params)
    if claims is not None:
        missing = lacking(purse, bot.symbol, claims)
        await ledger.move(
            connection, purse, stake(purse, bot.symbol, missing, strategy.funds_field)
        )


async def take_more(
    connection: Connection, bot: Bot, strategy: AnyStrategy, params: dict[str, Any]
) -> None:
    """What other parameters need beyond the present ones. Raises FundsLacking, FreeTaken.

    What they need less comes back by itself, once the bot's orders are no longer out.
    """
    before = await _claims(connection, bot, strategy, bot.params)
    after = await _claims(connection, bot, strategy, params)
    if before is not None and after is not None:
        purse = await find_purse(connection, bot.account_id, bot.id, coins(bot.symbol))
        moves = stake(purse, bot.symbol, after.beyond(before), strategy.funds_field)
        await ledger.move(connection, purse, moves)


async def give_back(connection: Connection, bot: Bot) -> None:
    """All it has, when nothing of it is open any more."""
    purse = await find_purse(connection, bot.account_id, bot.id, ())
    await holdings.move(connection, bot.account_id, purse.leftovers())


async def _claims(
    connection: Connection, bot: Bot, strategy: AnyStrategy, given: dict[str, Any]
) -> Funds | None:
    """None when they cannot be read: the worker will say so."""
    text = await state_of(connection, bot.id)
    try:
        params = strategy.params_type.model_validate(given)
        state = strategy.begin(params) if text is None else codec.load(strategy.state_type, text)
    except ValueError:
        return None
    return strategy.funds(params, state)


def _lacking(purse: Purse, coin: str, amount: Decimal, field: str) -> FundsLacking:
    there = purse.within_reach(BOT, coin, shared=True)
    return FundsLacking(
        f"it needs {spoken(amount)} {coin}, and the account has {spoken(there)} {coin} "
        "that belong to no bot",
        field=f"params.{field}",
        account_id=purse.account_id,
    )
