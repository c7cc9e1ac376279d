"""Accounts are connected once, with keys the exchange accepts, and found by them again."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from tests.fake_session import FakeSession
from tests.fakes import FakeExchange
from tradingbot.exchanges.errors import (
    ExchangeUnknown,
    ExchangeUnreachable,
    KeyRefused,
    ModeForbidden,
)
from tradingbot.exchanges.ports import Balance, Credentials, Mode
from tradingbot.exchanges.schemas import NewAccount
from tradingbot.exchanges.service import AccountDesk
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.vault import Vault
from tradingbot.ledger.balances import open_books

OLD, NEW = "the old secret key of this test" * 2, "the new secret key of this test" * 2
NEW_ACCOUNT = NewAccount(
    exchange="binance", api_key=SecretStr("key-1234"), api_secret=SecretStr("…")
)


class ChoosySession(FakeSession):
    refusal: KeyRefused | ExchangeUnreachable | None = None

    async def balances(self) -> dict[str, Balance]:
        if self.refusal is not None:
            raise self.refusal
        return await super().balances()


class ChoosyExchange(FakeExchange):
    """Answers the question whether it accepts a key as told; remembers whose it was."""

    def __init__(self) -> None:
        super().__init__()
        self.refusal: KeyRefused | ExchangeUnreachable | None = None
        self.tried: list[int] = []
        self.forgotten: list[int] = []

    def session(self, credentials: Credentials) -> FakeSession:
        self.tried.append(credentials.account_id)
        session = ChoosySession(self, self.account(credentials.account_id))
        session.refusal = self.refusal
        return session

    async def forget(self, account_id: int) -> None:
        self.forgotten.append(account_id)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections_max=5)
    async with database.begin() as connection:
        await connection.execute(
            text("INSERT INTO users (email, password_hash) VALUES ('ann@example.com', 'x')")
        )
    yield database
    await database.close()


def desk(
    database: Database, exchange: FakeExchange, vault: Vault, mode_max: Mode = Mode.PAPER
) -> AccountDesk:
    async def in_use(_: Connection, __: int) -> bool:
        return False

    return AccountDesk(database, vault, exchange, mode_max, in_use, exchange.forget, open_books)


async def count(database: Database) -> int:
    async with database.begin() as connection:
        found = await connection.execute(text("SELECT count(*) FROM exchange_accounts"))
        return int(found.scalar_one())


async def test_a_key_is_tried_on_a_session_of_its_own_that_ends(database: Database) -> None:
    exchange = ChoosyExchange()
    account = await desk(database, exchange, Vault(NEW)).create(1, NEW_ACCOUNT, None)
    [trial] = exchange.tried
    assert trial < 0
    assert exchange.forgotten == [trial, account.id]


@pytest.mark.parametrize("refusal", [KeyRefused("not this one"), ExchangeUnreachable("away")])
async def test_a_key_the_exchange_does_not_accept_is_not_kept(
    database: Database, refusal: KeyRefused | ExchangeUnreachable
) -> None:
    exchange = ChoosyExchange()
    exchange.refusal = refusal
    with pytest.raises(type(refusal)):
        await desk(database, exchange, Vault(NEW)).create(1, NEW_ACCOUNT, None)
    assert await count(database) == 0
    assert exchange.forgotten == exchange.tried


async def test_many_at_once_connect_one_account(database: Database) -> None:
    accounts = desk(database, FakeExchange(), Vault(NEW))
    made = await asyncio.gather(*(accounts.create(1, NEW_ACCOUNT, None) for _ in range(8)))
    assert len({account.id for account in made}) == 1
    assert await count(database) == 1


async def test_an_account_is_found_by_its_key_after_the_secret_key_has_changed(
    database: Database,
) -> None:
    before = await desk(database, FakeExchange(), Vault(OLD)).create(1, NEW_ACCOUNT, None)
    rotated = desk(database, FakeExchange(), Vault(NEW, [OLD]))
    assert (await rotated.create(1, NEW_ACCOUNT, None)).id == before.id
    assert (await rotated.create(1, NEW_ACCOUNT, None)).id == before.id


async def test_nobody_goes_further_than_the_installation_allows(database: Database) -> None:
    accounts = desk(database, FakeExchange(), Vault(NEW), Mode.TESTNET)
    accounts.require_place("binance", Mode.PAPER)
    accounts.require_place("binance", Mode.TESTNET)
    with pytest.raises(ModeForbidden):
        accounts.require_place("binance", Mode.LIVE)
    with pytest.raises(ExchangeUnknown, match="only: binance"):
        accounts.require_place("nowhere", Mode.PAPER)


@pytest.mark.parametrize(
    ("key", "hint"), [("…", ""), ("abcd", "cd"), ("abcdefgh", "efgh"), ("a" * 60 + "wxyz", "wxyz")]
)
async def test_of_a_key_at_most_half_and_four_characters_are_shown(
    database: Database, key: str, hint: str
) -> None:
    accounts = desk(database, FakeExchange(), Vault(NEW))
    new = NEW_ACCOUNT.model_copy(update={"api_key": SecretStr(key)})
    assert (await accounts.create(1, new, None)).api_key_hint == hint


async def sealed(database: Database) -> tuple[str, str]:
    async with database.begin() as connection:
        query = "SELECT api_key_encrypted, api_secret_encrypted FROM exchange_accounts"
        row = (await connection.execute(text(query))).one()
    return row[0], row[1]


async def test_the_same_keys_given_again_stay_as_they_are_kept(database: Database) -> None:
    accounts = desk(database, FakeExchange(), Vault(OLD))
    await accounts.create(1, NEW_ACCOUNT, None)
    before = await sealed(database)

    await accounts.create(1, NEW_ACCOUNT, None)
    assert await sealed(database) == before

    other = NEW_ACCOUNT.model_copy(update={"api_secret": SecretStr("another")})
    await accounts.create(1, other, None)
    changed = await sealed(database)
    assert changed != before

    await desk(database, FakeExchange(), Vault(NEW, [OLD])).create(1, other, None)
    assert await sealed(database) != changed
    assert Vault(NEW).open((await sealed(database))[1]) == "another"
