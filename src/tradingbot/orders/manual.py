"""Orders by hand: what is set aside for each, and what of it goes back."""

from decimal import Decimal, localcontext

from tradingbot.kit.statement import Driver
from tradingbot.ledger import service as ledger
from tradingbot.ledger.moves import MANUAL, Moves, Pocket, free, transfer
from tradingbot.ledger.purse import Purse
from tradingbot.orders import purse_repository, repository
from tradingbot.orders.errors import BotNotFound, FundsShort
from tradingbot.orders.models import Order
from tradingbot.orders.ports import FindAccount
from tradingbot.orders.repository import NewOrder
from tradingbot.trading.money import UNROUNDED, ZERO, spoken
from tradingbot.trading.order import Side


class Planner:
    """Plans one order by hand, within what its bot's owner may use for it.

    That is what is in the owner's hand, what belongs to no bot, and while the bot rests what its
    strategy has idle. A running strategy's money is its own: it would not know where it went.
    """

    def __init__(self, find_account: FindAccount, new: NewOrder) -> None:
        self._find_account = find_account
        self._new = new

    async def plan(self, driver: Driver, sign_ms: int, window_ms: int) -> Order | None:
        """Planned and claimed, its money set aside. None: it was asked for before.

        Raises BotNotFound, FundsShort, FreeTaken; then nothing of this transaction may be kept.
        """
        new = self._new
        # Locked: nobody else plans for this bot, starts or ends it meanwhile.
        account = await self._find_account(driver, new["user_id"], new["bot_id"], lock=True)
        if account is None:
            raise BotNotFound(f"there is no bot {new['bot_id']}", field="bot_id")
        asset, needed = payment(
            new["side"], new["symbol"], new["quantity"], new["price"] or new.get("estimate")
        )
        purse = await purse_repository.purse(driver, account.account_id, new["bot_id"], (asset,))
        moves = draw(purse, asset, needed, shared=account.resting)
        drawn = -moves.get(free(asset), ZERO)
        order = await repository.plan_to_send(
            driver, NewOrder(**{**new, "drawn": drawn}), sign_ms, window_ms
        )
        if order is None:
            return None
        await ledger.move(driver, purse, moves)
        return order


def draw(purse: Purse, asset: str, needed: Decimal, *, shared: bool) -> Moves:
    """What brings the hand as much as an order needs. Raises FundsShort, saying what there is."""
    idle = purse.idle(MANUAL, asset)
    if idle >= needed:
        return {}
    with localcontext(UNROUNDED):
        moves = purse.draw(MANUAL, asset, needed - idle, shared=shared)
    if moves is None:
        with localcontext(UNROUNDED):
            there = max(idle + purse.within_reach(MANUAL, asset, shared=shared), ZERO)
        raise FundsShort(
            f"it needs {spoken(needed)} {asset}, and {spoken(there)} {asset} can be used: "
            "what this bot has idle and what belongs to no bot",
            field="quantity",
        )
    return moves


def given_back(order: Order) -> Moves:
    """Of an order that ended: what was set aside for it and not spent is free again."""
    if not order.drawn:
        return {}
    price = order.price or order.estimate
    asset, left = payment(order.side, order.symbol, order.quantity, price)
    with localcontext(UNROUNDED):
        left -= order.filled_cost if order.side is Side.BUY else order.filled_quantity
        if order.fee_currency == asset:
            left -= order.fee
    back = max(min(order.drawn, left), ZERO)
    return transfer(Pocket(order.bot_id, MANUAL, asset), free(asset), back) if back else {}


def payment(
    side: Side, symbol: str, quantity: Decimal, price: Decimal | None
) -> tuple[str, Decimal]:
    """The coin an order pays with, and how much of it."""
    base, _, quote = symbol.partition("/")
    if side is Side.SELL:
        return base, quantity
    assert price is not None, "a buy has a price, or one it is reckoned at"
    return quote, UNROUNDED.multiply(quantity, price)
