"""A new SECRET_KEY: every webhook secret sealed anew, all of them or none."""

from tradingbot.kit.database import Database
from tradingbot.kit.vault import Vault
from tradingbot.notifications import repository


async def rotate_secrets(database: Database, vault: Vault) -> int:
    """How many there were. Raises CannotOpen when no known key opens one."""
    async with database.begin() as connection:
        every = await repository.lock_every_secret(connection)
        for user_id, sealed in every.items():
            await repository.save_sealed_secret(connection, user_id, vault.reseal(sealed))
    return len(every)
