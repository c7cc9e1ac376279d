"""A new SECRET_KEY: webhook secrets go with it by `tradingbot keys rotate`, all or none."""

import asyncio
import os
import sys
from collections.abc import Mapping

import pytest

from tests.notifications.conftest import a_user
from tradingbot.kit.database import Database
from tradingbot.kit.vault import CannotOpen, Vault
from tradingbot.notifications import repository
from tradingbot.notifications.rotation import rotate_secrets

OLD, NEW, LOST = "o" * 40, "n" * 40, "l" * 40


async def with_secret(database: Database, email: str, secret: str, key: str) -> int:
    user_id = await a_user(database, email)
    async with database.begin() as connection:
        await repository.settings_of(connection, user_id)
        await repository.save_sealed_secret(connection, user_id, Vault(key).seal(secret))
    return user_id


async def sealed(database: Database) -> dict[int, str]:
    async with database.begin() as connection:
        return await repository.lock_every_secret(connection)


async def rotate(database_url: str, keys: Mapping[str, str]) -> tuple[int | None, str]:
    """How the command ends, and all it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tradingbot", "keys", "rotate"),
        env=os.environ | {"DATABASE_URL": database_url} | dict(keys),  # noqa: TID251  # a child needs the rest of it, PATH above all
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def test_the_command_seals_every_secret_anew(database: Database, database_url: str) -> None:
    ann = await with_secret(database, "ann@example.com", "ann's own", OLD)
    bob = await with_secret(database, "bob@example.com", "bob's own", NEW)
    await a_user(database, "none@example.com")
    ended, said = await rotate(database_url, {"SECRET_KEY": NEW, "SECRET_KEYS_OLD": OLD})
    assert (ended, said) == (0, "keys of 0 accounts and 2 webhook secrets encrypted anew\n")
    kept = await sealed(database)
    assert {whose: Vault(NEW).open(each) for whose, each in kept.items()} == {
        ann: "ann's own",
        bob: "bob's own",
    }


async def test_without_the_old_key_the_command_says_so_and_changes_nothing(
    database: Database, database_url: str
) -> None:
    await with_secret(database, "ann@example.com", "ann's own", OLD)
    before = await sealed(database)
    ended, said = await rotate(database_url, {"SECRET_KEY": NEW, "SECRET_KEYS_OLD": LOST})
    assert ended == 1
    assert said == "tradingbot: a stored secret does not open with SECRET_KEY\n"
    assert await sealed(database) == before


async def test_when_one_does_not_open_none_is_changed(database: Database) -> None:
    for key, email in ((OLD, "ann@example.com"), (LOST, "bob@example.com")):
        await with_secret(database, email, "a secret", key)
    before = await sealed(database)
    with pytest.raises(CannotOpen):
        await rotate_secrets(database, Vault(NEW, [OLD]))
    assert await sealed(database) == before
