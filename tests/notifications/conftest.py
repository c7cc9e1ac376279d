"""A database with one user in it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from tradingbot.kit.database import Database
from tradingbot.users.models import users


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def user_id(database: Database) -> int:
    return await a_user(database, "anna@example.com")


async def a_user(database: Database, email: str, *, is_active: bool = True) -> int:
    values = {"email": email, "password_hash": "-", "is_active": is_active}
    async with database.begin() as connection:
        new = await connection.execute(insert(users).values(values).returning(users.c.id))
    return int(new.scalar_one())
