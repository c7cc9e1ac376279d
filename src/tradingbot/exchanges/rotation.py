"""A new SECRET_KEY: every stored exchange key sealed anew, all of them or none."""

from tradingbot.exchanges import repository
from tradingbot.kit.database import Database
from tradingbot.kit.vault import Vault


async def rotate_keys(database: Database, vault: Vault) -> int:
    """How many accounts were sealed anew. Raises CannotOpen when no known key opens one."""
    async with database.begin() as connection:
        every = await repository.lock_every_key(connection)
        for account in every:
            await repository.reseal(
                connection,
                account.account_id,
                api_key=vault.reseal(account.api_key_sealed),
                api_secret=vault.reseal(account.api_secret_sealed),
                fingerprint=vault.fingerprint(vault.open(account.api_key_sealed)),
            )
    return len(every)
