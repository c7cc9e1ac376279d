import pytest
from sqlalchemy import text

from tests.orders.world import World
from tradingbot.orders import sessions
from tradingbot.orders.sessions import Sessions


async def test_keys_changed_elsewhere_are_soon_used_here(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Sessions(world.database, world.exchange)
    before = await known._credentials(world.account_id)
    async with world.database.begin() as connection:
        await connection.execute(text("UPDATE exchange_accounts SET api_secret_encrypted = 'new'"))

    assert await known._credentials(world.account_id) == before
    monkeypatch.setattr(sessions, "KNOWN_SECONDS", 0.0)
    assert (await known._credentials(world.account_id)).api_secret_sealed == "new"


async def test_what_is_forgotten_is_read_again(world: World) -> None:
    known = Sessions(world.database, world.exchange)
    await known._credentials(world.account_id)
    async with world.database.begin() as connection:
        await connection.execute(text("UPDATE exchange_accounts SET api_secret_encrypted = 'new'"))

    await known.forget(world.account_id)

    assert (await known._credentials(world.account_id)).api_secret_sealed == "new"
