"""Use cases: move money between pockets."""

from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver
from tradingbot.ledger import repository
from tradingbot.ledger.errors import FreeTaken
from tradingbot.ledger.moves import FREE, Moves
from tradingbot.ledger.purse import Purse
from tradingbot.trading.money import ZERO


async def move(on: Connection | Driver, purse: Purse, moves: Moves) -> None:
    """Do what was decided by this purse. Raises FreeTaken, and then nothing of it may be kept."""
    after = await repository.move(on, purse.account_id, moves)
    if not purse.opened:
        return
    for pocket, amount in after.items():
        if pocket.origin == FREE and moves[pocket] < ZERO and amount < ZERO:
            raise FreeTaken(f"somebody has just taken what was free of {pocket.asset}: try again")
