"""A bot is created whole or not at all, and its parameters fit the market."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text

from tests.fakes import FakeExchange
from tradingbot.bots import parameters, repository
from tradingbot.bots.errors import AccountMismatch, BotNotFound, ParamsRefused
from tradingbot.bots.models import bots
from tradingbot.bots.schemas import BotChanges, NewBot
from tradingbot.bots.service import BotDesk
from tradingbot.events.models import events
from tradingbot.exchanges.errors import AccountNotFound
from tradingbot.exchanges.models import exchange_accounts
from tradingbot.exchanges.ports import Mode
from tradingbot.exchanges.service import AccountDesk
from tradingbot.kit.database import Database
from tradingbot.kit.idempotency import Once, idempotency_keys
from tradingbot.kit.outbox import outbox
from tradingbot.kit.vault import Vault
from tradingbot.ledger.balances import open_books
from tradingbot.strategies.catalogue import CATALOGUE
from tradingbot.users.models import audit_log

GRID = CATALOGUE["grid"]


def new(**changes: Any) -> NewBot:
    body: dict[str, Any] = {"name": "My Bot", "exchange": "binance", "strategy": "grid"}
    keys: dict[str, Any] = {"api_key": SecretStr("key-1234"), "api_secret": SecretStr("…")}
    return NewBot(**body | ({} if "account_id" in changes else keys) | changes)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections_max=5)
    async with database.begin() as connection:
        await connection.execute(
            text("INSERT INTO users (email, password_hash) VALUES ('a@b.co', 'x'), ('c@d.co', 'x')")
        )
    yield database
    await database.close()


@pytest.fixture
def desk(database: Database) -> BotDesk:
    exchange = FakeExchange()
    accounts = AccountDesk(
        database,
        Vault("a secret key for tests, long enough"),
        exchange,
        Mode.TESTNET,
        repository.uses_account,
        exchange.forget,
        open_books,
    )
    return BotDesk(database, accounts, exchange, CATALOGUE, lambda: None)


async def rows(database: Database) -> int:
    """In all the tables that creating a bot writes to."""
    tables = (bots, exchange_accounts, events, outbox, audit_log, idempotency_keys)
    async with database.begin() as connection:
        counts = [await connection.execute(select(func.count()).select_from(t)) for t in tables]
        return sum(count.scalar_one() for count in counts)


async def test_what_fails_half_way_leaves_nothing_behind(database: Database, desk: BotDesk) -> None:
    async with database.begin() as connection:
        await connection.exec_driver_sql(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$"
        )
        await connection.exec_driver_sql(
            "CREATE TRIGGER no BEFORE UPDATE ON idempotency_keys EXECUTE FUNCTION no()"
        )
    with pytest.raises(Exception, match="the disk is full"):
        await desk.create(1, new(), Once(1, "key", "hash"))
    assert await rows(database) == 0
    await desk.create(1, new(), None)
    assert await rows(database) > 4


async def test_an_account_decides_exchange_and_mode(desk: BotDesk) -> None:
    first = await desk.create(1, new(mode="testnet"), None)
    by_id: dict[str, Any] = {"account_id": first.account_id, "exchange": None}
    assert (await desk.create(1, new(**by_id), None)).mode is Mode.TESTNET
    for wrong in ({"mode": "paper"}, {"exchange": "bybit"}):
        with pytest.raises(AccountMismatch):
            await desk.create(1, new(**by_id | wrong), None)
    with pytest.raises(AccountNotFound):
        await desk.create(2, new(**by_id), None)


async def test_null_takes_a_parameter_back_to_its_default(desk: BotDesk) -> None:
    bot = await desk.create(1, new(params={"lines": 4}), None)
    default = (await desk.create(1, new(), None)).params["lines"]
    changed = await desk.change(1, bot.id, BotChanges(params={"lines": None}))
    assert changed.params["lines"] == default
    assert changed.params["lower"] == bot.params["lower"]


async def test_a_bot_of_somebody_else_is_not_there(desk: BotDesk) -> None:
    bot = await desk.create(1, new(), None)
    with pytest.raises(BotNotFound):
        await desk.change(2, bot.id, BotChanges(name="Mine"))


@pytest.mark.parametrize("value", ["1e31", "1e-31", "1e999999999", "1." + "1" * 70])
async def test_a_number_beyond_reason_is_refused_before_it_is_worked_with(value: str) -> None:
    with pytest.raises(ParamsRefused, match="investment"):
        parameters.read(GRID, {"investment": Decimal(value)})
