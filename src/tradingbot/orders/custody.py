"""Use cases: see what is quarantined on an account, and let a held account trade again."""

import json

from tradingbot.exchanges import repository as accounts
from tradingbot.exchanges.errors import AccountNotFound
from tradingbot.exchanges.schemas import AccountView
from tradingbot.exchanges.service import view
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.kit.pagination import Page, decode, page
from tradingbot.orders import quarantine_repository as repository
from tradingbot.orders.quarantine import Kind
from tradingbot.orders.schemas import QuarantineView
from tradingbot.orders.sessions import Sessions
from tradingbot.users import repository as users

# Orders that live on the exchange and not in our books.
ASTRAY = (Kind.UNKNOWN_ORDER, Kind.REOPENED_ORDER)

log = logger(__name__)


class Custody:
    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database = database
        self._sessions = sessions

    async def page(
        self, user_id: int, account_id: int, cursor: str | None, limit: int
    ) -> Page[QuarantineView]:
        """What was ever set aside there, the newest first. Raises AccountNotFound."""
        await self._shown(user_id, account_id)
        async with self._database.asking() as driver:
            found = await repository.page(driver, user_id, account_id, decode(cursor), limit + 1)
        shown = [QuarantineView.model_validate(each, from_attributes=True) for each in found]
        return page(shown, limit, lambda each: each.id)

    async def release(self, user_id: int, account_id: int, *, cancel_unknown: bool) -> AccountView:
        """What is quarantined there counts as seen to, and the account trades again.

        Raises AccountNotFound; ExchangeUnreachable or KeyRefused while something to be cancelled
        could not be, and then the account stays held.
        """
        await self._shown(user_id, account_id)
        cancelled = await self._cancel_astray(account_id) if cancel_unknown else 0
        async with self._database.driving() as driver:
            if await repository.lock_owned(driver, user_id, account_id) is None:
                raise AccountNotFound(f"there is no account {account_id}")
            seen_to = await repository.release(driver, account_id)
            about = {"seen_to": seen_to, "cancelled": cancelled}
            await users.audit(driver, user_id, "account_released", f"account:{account_id}", **about)
        log.info("account_released", account_id=account_id, **about)
        return await self._shown(user_id, account_id)

    async def _cancel_astray(self, account_id: int) -> int:
        async with self._database.asking() as driver:
            astray = [
                json.loads(found.what)
                for kind in ASTRAY
                for found in await repository.unresolved(driver, account_id, kind)
            ]
        session = await self._sessions.of(account_id)
        for order in astray:
            # One that is no longer open is what was wanted.
            await session.cancel(order["symbol"], order["exchange_order_id"])
        return len(astray)

    async def _shown(self, user_id: int, account_id: int) -> AccountView:
        async with self._database.begin() as connection:
            account = await accounts.owned(connection, user_id, account_id)
        if account is None:
            raise AccountNotFound(f"there is no account {account_id}")
        return view(account)
