"""The tables as they should be: bring them there, or say that they are not."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tradingbot.kit.database import Database, async_url
from tradingbot.kit.errors import Unavailable

MIGRATIONS = Path(__file__).parents[1] / "migrations"


class SchemaOutdated(Unavailable):
    code = "schema_outdated"


async def require_current(database: Database) -> None:
    """Raise SchemaOutdated when migrations wait to be run, or newer ones were."""
    head = ScriptDirectory.from_config(alembic_config("postgresql://")).get_current_head()
    try:
        async with database.begin() as connection:
            found = (
                await connection.execute(text("SELECT version_num FROM alembic_version"))
            ).all()
    except ProgrammingError:
        found = []
    if [row.version_num for row in found] != [head]:
        raise SchemaOutdated(f"the tables are not at revision {head}: run `tradingbot migrate`")


async def migrate(url: str) -> None:
    """Bring the schema to the newest revision. Raise DatabaseUnreachable when nobody answers."""
    database = Database(url, connections_max=1)
    try:
        await database.ping()
    finally:
        await database.close()
    await asyncio.to_thread(command.upgrade, alembic_config(url), "head")


def alembic_config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = async_url(url)
    return config
