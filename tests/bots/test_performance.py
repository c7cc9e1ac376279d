"""What bots earned is the sum of their fills, however they came in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tradingbot.bots.performance import Books, stats
from tradingbot.kit.database import Connection, Database
from tradingbot.trading.order import Side
from tradingbot.trading.position import Fill, Position, total

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
SETUP = """
INSERT INTO users (email, password_hash) VALUES ('ann@example.com', 'x'), ('bob@example.com', 'x');
INSERT INTO exchange_accounts (user_id, exchange, mode, name, api_key_encrypted,
    api_secret_encrypted, api_key_hint, api_key_fingerprint)
VALUES (1, 'binance', 'paper', 'A', 'k', 's', 'h', 'f');
INSERT INTO bots (uid, user_id, account_id, name, exchange, strategy, symbol, mode, wanted, status)
SELECT 'u' || n, n, 1, 'Bot', 'binance', 'grid', 'BTC/USDT', 'paper', 'running', 'running'
FROM generate_series(1, 2) n;
INSERT INTO orders (user_id, bot_id, account_id, symbol, slot, round, origin, side, type, quantity,
    client_order_id)
SELECT n, n, 1, 'BTC/USDT', 's', 0, 'bot', 'buy', 'limit', 1, 'c' || n
FROM generate_series(1, 2) n;
"""
FILL = text("""
INSERT INTO fills (order_id, user_id, bot_id, account_id, symbol, side, exchange_trade_id, quantity,
    price, fee, fee_currency, liquidity, traded_at, id)
OVERRIDING SYSTEM VALUE
VALUES (:bot_id, :bot_id, :bot_id, 1, :symbol, :side, 't' || :id, :quantity, :price, :fee,
    :fee_currency, 'maker', :traded_at, :number)
""")


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    database = Database(database_url, connections_max=1)
    try:
        async with database.begin() as connection:
            for statement in SETUP.split(";\n"):
                if statement.strip():
                    await connection.exec_driver_sql(statement)
            yield connection
    finally:
        await database.close()


async def fill(connection: Connection, number: int, second: int, **changes: Any) -> Fill:
    side = Side.BUY if number % 2 else Side.SELL
    values: dict[str, Any] = {
        "bot_id": 1,
        "symbol": "BTC/USDT",
        "side": side,
        "quantity": Decimal("0.01") + Decimal(number) / 100_000,
        "price": Decimal(50_000 + 7 * number),
        "fee": Decimal("0.00001"),
        "fee_currency": "BTC" if side is Side.BUY else "USDT",
    } | changes
    moment = BEGUN + timedelta(seconds=second)
    await connection.execute(
        FILL, {**values, "id": str(number), "number": number, "traded_at": moment}
    )
    return Fill(
        Side(values["side"]),
        values["price"],
        values["quantity"],
        values["fee"],
        values["fee_currency"],
    )


async def position(connection: Connection, books: Books) -> Position:
    [found] = (await books.positions(connection, 1, 1)).values()
    return found


async def test_new_fills_are_added_to_what_is_known(connection: Connection) -> None:
    books, fills = Books(), []
    for number in range(1, 12):
        fills.append(await fill(connection, number, number))
        assert await position(connection, books) == total(fills, "BTC", "USDT")


async def test_a_fill_that_comes_late_takes_its_place_in_time(connection: Connection) -> None:
    books = Books()
    first = await fill(connection, 1, 1)
    third = await fill(connection, 4, 4)
    await position(connection, books)
    second = await fill(connection, 7, 2)
    expected = total([first, second, third], "BTC", "USDT")
    assert await position(connection, books) == expected


async def test_a_fill_committed_late_with_a_smaller_number_is_counted(
    connection: Connection,
) -> None:
    books = Books()
    fills = [await fill(connection, 1, 1), await fill(connection, 5, 2)]
    await position(connection, books)
    fills += [await fill(connection, 3, 3), await fill(connection, 7, 4)]
    assert await position(connection, books) == total(fills, "BTC", "USDT")


async def test_each_sees_the_own_bots_and_each_currency_apart(connection: Connection) -> None:
    await fill(connection, 1, 1)
    await fill(connection, 2, 2, price=Decimal(60_000))
    await fill(connection, 3, 3, symbol="ETH/BTC", fee_currency="ETH")
    await fill(connection, 5, 5, bot_id=2)
    seen = await stats(connection, Books(), 1)
    assert seen.fills == 3
    assert set(seen.realised) == {"USDT", "BTC"}
    assert Decimal(seen.realised["USDT"]) > 0
    assert set(seen.fees) == {"BTC", "USDT", "ETH"}
    assert seen.bots == {"running": 1}
    assert (await stats(connection, Books(), 2)).fills == 1
