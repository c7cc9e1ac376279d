"""Use cases: connect an account on an exchange, change its keys, forget it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import SecretStr

from tradingbot.exchanges import repository
from tradingbot.exchanges.errors import (
    AccountInUse,
    AccountNotFound,
    ExchangeUnknown,
    KeyRefused,
    ModeForbidden,
)
from tradingbot.exchanges.ports import Balance, Credentials, Exchanges, Mode
from tradingbot.exchanges.repository import Account, SealedKeys
from tradingbot.exchanges.schemas import AccountView, ExchangeView, NewAccount, NewKeys
from tradingbot.kit import idempotency, ids
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.idempotency import Once
from tradingbot.kit.pagination import Page, decode, page
from tradingbot.kit.vault import Vault
from tradingbot.users import repository as users

HINT_CHARACTERS = 4

InUse: TypeAlias = Callable[[Connection, int], Awaitable[bool]]
Forget: TypeAlias = Callable[[int], Awaitable[None]]
OpenBooks: TypeAlias = Callable[[Connection, int, Mapping[str, Balance]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Proven:
    """Keys the exchange has accepted, and the balances it gave for them."""

    keys: SealedKeys
    balances: Mapping[str, Balance]


class AccountDesk:
    """`in_use` tells whether a bot trades on an account; `forget` ends its session here.

    `open_books` enters what a new account has.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        exchanges: Exchanges,
        mode_max: Mode,
        in_use: InUse,
        forget: Forget,
        open_books: OpenBooks,
    ) -> None:
        self._database = database
        self._vault = vault
        self._exchanges = exchanges
        self._modes = tuple(Mode)[: list(Mode).index(mode_max) + 1]
        self._in_use = in_use
        self.forget = forget
        self._open_books = open_books

    def exchanges(self) -> Sequence[ExchangeView]:
        return [ExchangeView(id=name, modes=[*self._modes]) for name in self._exchanges.names()]

    def require_place(self, exchange: str, mode: Mode) -> None:
        """Raise ExchangeUnknown or ModeForbidden."""
        names = self._exchanges.names()
        if exchange not in names:
            known = ", ".join(names)
            raise ExchangeUnknown(f"there is none of this name, only: {known}", field="exchange")
        if mode not in self._modes:
            furthest = self._modes[-1]
            raise ModeForbidden(
                f"this installation goes no further than {furthest} (TRADING_MODE)", field="mode"
            )

    async def create(self, user_id: int, new: NewAccount, once: Once | None) -> AccountView:
        """The account of this key, made or found.

        Raises ExchangeUnknown, ModeForbidden, KeyRefused, ExchangeUnreachable, KeyReused.
        """
        if once is not None and (answer := await self._recall(once)) is not None:
            return answer
        self.require_place(new.exchange, new.mode)
        proven = await self.prove(new.exchange, new.mode, new.api_key, new.api_secret)
        name = new.name or new.exchange.capitalize()
        async with self._database.begin() as connection:
            if once is not None and (said := await idempotency.claim(connection, once)):
                return AccountView.model_validate_json(said)
            account = await self.find_or_make(
                connection, user_id, new.exchange, new.mode, name, proven
            )
            answer = view(account)
            if once is not None:
                await idempotency.keep(connection, once, answer.model_dump_json())
        await self.forget(account.id)
        return answer

    async def prove(
        self, exchange: str, mode: Mode, api_key: SecretStr, api_secret: SecretStr
    ) -> Proven:
        """The keys, sealed, after the exchange has accepted them.

        Raises KeyRefused or ExchangeUnreachable, and then nothing is kept.
        """
        key = api_key.get_secret_value()
        fingerprint, *old = self._vault.fingerprints(key)
        keys = SealedKeys(
            api_key=self._vault.seal(key),
            api_secret=self._vault.seal(api_secret.get_secret_value()),
            hint=_hint(key),
            fingerprint=fingerprint,
            old_fingerprints=tuple(old),
        )
        # A number no account has, so that the trial shares no session with a real one.
        trial = -int(ids.new_uid()[:15], 16)
        credentials = Credentials(trial, exchange, mode, keys.api_key, keys.api_secret)
        try:
            balances = await self._exchanges.session(credentials).balances()
        except KeyRefused as refused:
            raise KeyRefused(refused.message, field="api_key") from None
        finally:
            await self._exchanges.forget(trial)
        return Proven(keys, balances)

    async def find_or_make(
        self,
        connection: Connection,
        user_id: int,
        exchange: str,
        mode: Mode,
        name: str,
        proven: Proven,
    ) -> Account:
        """The account of this key; its secret is the one given last."""
        keys = proven.keys
        found = await repository.find(connection, user_id, exchange, mode, keys)
        if found is not None:
            # Sealed anew they would look changed to every process that trades with them.
            same = await self._keeps(connection, found.id, keys)
            return found if same else await repository.set_keys(connection, found.id, keys)
        made = await repository.add(connection, user_id, exchange, mode, name, keys)
        if made is None:  # another request added it since we looked
            return await self.find_or_make(connection, user_id, exchange, mode, name, proven)
        await self._open_books(connection, made.id, proven.balances)
        await _audit(connection, user_id, "account_connected", made)
        return made

    async def _keeps(self, connection: Connection, account_id: int, keys: SealedKeys) -> bool:
        """Whether exactly these are kept there, sealed under the newest SECRET_KEY."""
        known = await repository.sealed_keys(connection, account_id)
        return known.fingerprint == keys.fingerprint and (
            self._vault.open(known.api_secret) == self._vault.open(keys.api_secret)
        )

    async def page(self, user_id: int, cursor: str | None, limit: int) -> Page[AccountView]:
        async with self._database.begin() as connection:
            found = await repository.of_user(connection, user_id, decode(cursor), limit + 1)
        return page([view(account) for account in found], limit, lambda account: account.id)

    async def change_keys(self, user_id: int, account_id: int, new: NewKeys) -> AccountView:
        """Raise AccountNotFound, KeyRefused, ExchangeUnreachable."""
        async with self._database.begin() as connection:
            known = await repository.owned(connection, user_id, account_id)
        if known is None:
            raise AccountNotFound(f"there is no account {account_id}")
        proven = await self.prove(known.exchange, known.mode, new.api_key, new.api_secret)
        keys = proven.keys
        async with self._database.begin() as connection:
            await self._require(connection, user_id, account_id)
            twin = await repository.find(connection, user_id, known.exchange, known.mode, keys)
            if twin is not None and twin.id != account_id:
                raise AccountInUse(f"account {twin.id} has this key already", field="api_key")
            changed = await repository.set_keys(connection, account_id, keys)
            await _audit(connection, user_id, "account_keys_changed", changed)
        await self.forget(account_id)
        return view(changed)

    async def remove(self, user_id: int, account_id: int) -> None:
        """Forget its keys for good. Raises AccountNotFound, AccountInUse."""
        async with self._database.begin() as connection:
            account = await self._require(connection, user_id, account_id)
            if await self._in_use(connection, account_id):
                raise AccountInUse("a bot trades on this account: delete the bot first")
            await repository.forget_keys(connection, account_id)
            await _audit(connection, user_id, "account_removed", account)
        await self.forget(account_id)

    async def _require(self, connection: Connection, user_id: int, account_id: int) -> Account:
        account = await repository.lock(connection, user_id, account_id)
        if account is None:
            raise AccountNotFound(f"there is no account {account_id}")
        return account

    async def _recall(self, once: Once) -> AccountView | None:
        async with self._database.begin() as connection:
            said = await idempotency.recall(connection, once)
        return None if said is None else AccountView.model_validate_json(said)


def view(account: Account) -> AccountView:
    return AccountView(
        id=account.id,
        exchange=account.exchange,
        mode=account.mode,
        name=account.name,
        api_key_hint=account.api_key_hint,
        created_at=account.created_at,
        held_since=account.held_since,
        held_reason=account.held_reason,
    )


def _hint(key: str) -> str:
    # Of a short key, less: half of it must stay unknown.
    shown = min(HINT_CHARACTERS, len(key) // 2)
    return key[len(key) - shown :]


async def _audit(connection: Connection, user_id: int, action: str, account: Account) -> None:
    about = {"exchange": account.exchange, "mode": str(account.mode), "hint": account.api_key_hint}
    await users.audit(connection, user_id, action, f"account:{account.id}", **about)
