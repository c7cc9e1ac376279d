"""Use case: see who owns what of an account's money."""

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal, localcontext

from tradingbot.bots import repository
from tradingbot.exchanges import repository as accounts
from tradingbot.exchanges.errors import AccountNotFound
from tradingbot.exchanges.ports import Exchanges
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.errors import Fact
from tradingbot.ledger import repository as holdings
from tradingbot.ledger.balances import ByCoin, by_coin, totals
from tradingbot.ledger.moves import NOBODY, Pocket
from tradingbot.ledger.schemas import CoinView, LedgerView, ShareView
from tradingbot.trading.money import UNROUNDED, ZERO, plain


class LedgerDesk:
    def __init__(self, database: Database, exchanges: Exchanges) -> None:
        self._database = database
        self._exchanges = exchanges

    async def of_account(self, user_id: int, account_id: int) -> LedgerView:
        """Raise AccountNotFound."""
        there = await self._there(user_id, account_id)
        async with self._database.begin() as connection:
            opened = (await holdings.keeper(connection, account_id)).reconciled_at is not None
            owned = await holdings.of_account(connection, account_id)
            names = await repository.names(connection, sorted({each.bot_id for each in owned}))
        ours = by_coin(owned)
        coins = [
            _coin(asset, owned, names, there, opened=opened)
            for asset in sorted({*ours, *(there or {})})
        ]
        return LedgerView(account_id=account_id, coins=coins)

    async def _there(self, user_id: int, account_id: int) -> ByCoin | None:
        """What the exchange has; None while it does not answer."""
        async with self._database.begin() as connection:
            if await accounts.owned(connection, user_id, account_id) is None:
                raise AccountNotFound(f"there is no account {account_id}")
        async with self._database.asking() as driver:
            credentials = await accounts.credentials(driver, account_id)
        with suppress(Fact):
            return totals(await self._exchanges.session(credentials).balances())
        return None


async def holdings_of(connection: Connection, account_id: int, bot_id: int) -> dict[str, str]:
    """What a bot owns, by coin."""
    owned = by_coin(await holdings.of_bot(connection, account_id, bot_id))
    return {asset: plain(amount) for asset, amount in owned.items() if amount}


def _coin(
    asset: str,
    owned: Mapping[Pocket, Decimal],
    names: Mapping[int, str],
    there: ByCoin | None,
    *,
    opened: bool,
) -> CoinView:
    shares: dict[int, Decimal] = {}
    with localcontext(UNROUNDED):
        for pocket, amount in owned.items():
            if pocket.asset == asset:
                shares[pocket.bot_id] = shares.get(pocket.bot_id, ZERO) + amount
        total = sum(shares.values(), ZERO)
        exchange = None if there is None else there.get(asset, ZERO)
        drift = None if exchange is None else exchange - total
    bots = [
        ShareView(bot_id=bot_id, name=names.get(bot_id, ""), amount=plain(amount))
        for bot_id, amount in sorted(shares.items())
        if bot_id != NOBODY and amount
    ]
    return CoinView(
        asset=asset,
        free=plain(shares.get(NOBODY, ZERO)) if opened else None,
        bots=bots,
        total=plain(total) if opened else None,
        exchange=None if exchange is None else plain(exchange),
        drift=plain(drift) if opened and drift is not None else None,
    )
