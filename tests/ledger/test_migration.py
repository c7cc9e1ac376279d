"""Accounts and bots that were there before there were books."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from alembic import command

from tests.conftest import NUMBERS, database_at, execute
from tradingbot.kit.schema import alembic_config
from tradingbot.local.servers import PostgresServer

D = Decimal

# Two bots run, one rests with an order left, one rests, one is deleted.
BEFORE = """
INSERT INTO users (email, password_hash) VALUES ('ann@example.com', '-');
INSERT INTO exchange_accounts (user_id, exchange, mode, name, api_key_encrypted,
    api_secret_encrypted, api_key_hint, api_key_fingerprint)
VALUES (1, 'binance', 'paper', 'Main', '-', '-', '-', '-');
INSERT INTO bots (uid, user_id, account_id, name, exchange, strategy, symbol, mode, params, wanted,
    status, deleted_at)
SELECT name, 1, 1, name, 'binance', 'grid', 'BTC/USDT', 'paper', params::jsonb, '', status, gone
FROM (VALUES
    ('one', '{"investment": "1000"}', 'running', NULL::timestamptz),
    ('two', '{"investment": "500"}', 'starting', NULL),
    ('three', '{"investment": "300"}', 'stopped', NULL),
    ('four', '{"investment": "200"}', 'stopped', NULL),
    ('five', '{"investment": "100"}', 'stopped', now())
) AS bot (name, params, status, gone);
INSERT INTO orders (user_id, bot_id, account_id, symbol, slot, round, origin, side, type, quantity,
    price, status, filled_quantity, client_order_id)
SELECT 1, bot, 1, 'BTC/USDT', slot, 0, origin, side, 'limit', quantity, price, status, filled, slot
FROM (VALUES
    (1, 'a', 'bot', 'buy', 2, 100, 'filled', 2),
    (1, 'b', 'bot', 'sell', 1, 120, 'open', 0.5),
    (1, 'c', 'manual', 'buy', 1, 90, 'partially_filled', 0.25),
    (3, 'd', 'bot', 'sell', 1, 130, 'open', 0),
    (4, 'e', 'bot', 'buy', 1, 100, 'filled', 1),
    (4, 'f', 'manual', 'sell', 1, 110, 'filled', 1),
    (4, 'g', 'manual', 'sell', 3, 150, 'open', 0),
    (5, 'h', 'manual', 'buy', 1, 100, 'filled', 1)
) AS told (bot, slot, origin, side, quantity, price, status, filled);
INSERT INTO fills (order_id, user_id, bot_id, account_id, symbol, side, exchange_trade_id, quantity,
    price, fee, fee_currency, liquidity, traded_at)
SELECT o.id, 1, o.bot_id, 1, o.symbol, o.side, o.slot, o.filled_quantity, o.price, paid.fee,
    paid.coin, 'maker', now()
FROM orders o JOIN (VALUES
    ('a', 0.002, 'BTC'), ('b', 0.06, 'USDT'), ('c', 0.1, 'BNB'), ('e', 0.001, 'BTC'),
    ('f', 0.11, 'USDT'), ('h', 0.001, 'BTC')
) AS paid (slot, fee, coin) ON paid.slot = o.slot;
"""
AFTER = {
    (1, "bot", "BTC"): D("1.498"),
    (1, "bot", "USDT"): D("859.94"),
    # A quarter is bought with what was free, what the rest of it may cost is set aside.
    (1, "manual", "BTC"): D("0.25"),
    (1, "manual", "USDT"): D("67.5"),
    (2, "bot", "USDT"): D(500),
    (3, "bot", "USDT"): D(300),
    (4, "manual", "USDT"): D("109.89"),
    (4, "manual", "BTC"): D(3),
}


@pytest.fixture
def first_schema(postgres: PostgresServer) -> Iterator[str]:
    """A database as it was before."""
    name = f"test_{next(NUMBERS)}"
    execute(postgres.url, f"CREATE DATABASE {name}")
    url = database_at(postgres.url, name)
    command.upgrade(alembic_config(url), "0001")
    execute(url, BEFORE)
    yield url
    execute(postgres.url, f"DROP DATABASE {name} WITH (FORCE)")


def rows(url: str, query: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_bots_that_run_own_what_their_investment_has_become_and_resting_ones_nothing(
    first_schema: str,
) -> None:
    command.upgrade(alembic_config(first_schema), "head")

    found = rows(first_schema, "SELECT bot_id, origin, asset, amount FROM holdings")
    assert {row[:3]: row[3] for row in found} == AFTER
    # What is free nobody knows until the exchange is asked.
    assert rows(first_schema, "SELECT reconciled_at FROM exchange_accounts") == [(None,)]
    drawn = rows(first_schema, "SELECT slot, drawn FROM orders WHERE drawn > 0 ORDER BY slot")
    assert drawn == [("c", D("67.5")), ("g", D(3))]


def test_the_way_back_leaves_the_tables_as_they_were(first_schema: str) -> None:
    tables = "SELECT table_name, column_name FROM information_schema.columns ORDER BY 1, 2"
    before = rows(first_schema, tables)
    command.upgrade(alembic_config(first_schema), "head")
    command.downgrade(alembic_config(first_schema), "0001")
    assert rows(first_schema, tables) == before
