from collections.abc import AsyncIterator

import pytest
from asyncpg import PostgresError
from sqlalchemy import bindparam, delete, insert, select, text

from tradingbot.kit.database import Database, DatabaseUnreachable
from tradingbot.kit.outbox import outbox
from tradingbot.kit.statement import Statement

ADD = Statement(insert(outbox).values(queue="fixed", body=bindparam("body")).returning(outbox.c.id))
COUNT = Statement(text("SELECT count(*) FROM outbox WHERE body = :body"))
QUEUES = Statement(select(outbox.c.queue).order_by(outbox.c.id))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, connections_max=2)
    yield database
    await database.close()


async def test_bound_values_go_by_name_and_constants_stay(database: Database) -> None:
    async with database.driving() as driver:
        await ADD.run(driver, body="one")
        [row] = await QUEUES.rows(driver)

    assert row["queue"] == "fixed"


async def test_a_value_left_out_is_an_error(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.driving() as driver:
            await ADD.run(driver)


async def test_whether_a_row_was_found_can_be_asked_on_either_kind_of_connection(
    database: Database,
) -> None:
    async with database.driving() as driver:
        assert not await QUEUES.found(driver)
        await ADD.run(driver, body="one")
        assert await QUEUES.found(driver)
    async with database.begin() as connection:
        assert await QUEUES.found(connection)
        await connection.execute(delete(outbox))
        assert not await QUEUES.found(connection)


async def test_a_number_can_be_asked_on_either_kind_of_connection(database: Database) -> None:
    async with database.driving() as driver:
        await ADD.run(driver, body="one")
        assert await COUNT.number(driver, body="one") == 1
    async with database.begin() as connection:
        assert await COUNT.number(connection, body="one") == 1


async def test_what_fails_leaves_nothing_behind(database: Database) -> None:
    async def half() -> None:
        async with database.driving() as driver:
            await ADD.run(driver, body="lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await half()

    async with database.asking() as driver:
        assert await COUNT.number(driver, body="lost") == 0


async def test_a_connection_cut_in_the_middle_is_named_and_the_next_one_works(
    database: Database,
) -> None:
    async def cut() -> None:
        async with database.driving() as driver:
            await driver.fetch("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseUnreachable):
        await cut()

    async with database.asking() as driver:
        assert await COUNT.number(driver, body="") == 0


async def test_a_connection_is_kept_after_an_error_of_the_callers_own(database: Database) -> None:
    async def backend() -> int:
        async with database.driving() as driver:
            [row] = await driver.fetch("SELECT pg_backend_pid()")
            return int(row[0])

    async def refused() -> None:
        async with database.driving() as driver:
            await driver.fetch("SELECT 1 / 0")

    before = await backend()
    with pytest.raises(PostgresError):
        await refused()

    assert await backend() == before


async def test_rows_can_be_asked_by_name_on_either_kind_of_connection(database: Database) -> None:
    async with database.driving() as driver:
        await ADD.run(driver, body="one")
        assert [row["queue"] for row in await QUEUES.rows_on(driver)] == ["fixed"]
    async with database.begin() as connection:
        assert [row["queue"] for row in await QUEUES.rows_on(connection)] == ["fixed"]
