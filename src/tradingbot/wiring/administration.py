"""What the operator does from the command line to people and keys."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from pydantic import SecretStr, ValidationError

from tradingbot.exchanges import rotation
from tradingbot.kit.clock import SystemClock
from tradingbot.kit.database import Database
from tradingbot.kit.errors import Invalid
from tradingbot.notifications.rotation import rotate_secrets
from tradingbot.orders import invariants
from tradingbot.orders.invariants_repository import Breach
from tradingbot.settings import Settings
from tradingbot.users.passwords import Passwords
from tradingbot.users.repository import User
from tradingbot.users.schemas import Registration
from tradingbot.users.service import Users
from tradingbot.users.throttle import Throttle
from tradingbot.users.tokens import AccessTokens
from tradingbot.wiring.foundation import open_vault


@asynccontextmanager
async def people(settings: Settings) -> AsyncIterator[Users]:
    """The users, for the command line. Raises DatabaseUnreachable."""
    async with stored(settings) as database:
        clock = SystemClock()
        signing_key = open_vault(settings).signing_key()
        tokens = AccessTokens(signing_key, clock, settings.access_token_minutes)
        yield Users(database, clock, tokens, Passwords(), Throttle(clock))


@asynccontextmanager
async def stored(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url, connections_max=1)
    try:
        await database.ping()
        yield database
    finally:
        await database.close()


async def rotate_keys(settings: Settings) -> tuple[int, int]:
    """Of how many accounts, and how many webhook secrets. Raises CannotOpen."""
    async with stored(settings) as database:
        vault = open_vault(settings)
        secrets = await rotate_secrets(database, vault)
        return await rotation.rotate_keys(database, vault), secrets


async def audit(settings: Settings) -> Sequence[Breach]:
    """Where the books of orders and fills do not add up. Raises DatabaseUnreachable."""
    async with stored(settings) as database:
        return await invariants.breaches(database)


async def create_user(settings: Settings, email: str, password: str) -> int:
    """Raise Invalid when one of them will not do, EmailTaken."""
    try:
        registration = Registration(email=email, password=SecretStr(password))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = str(first["loc"][0])
        raise Invalid(f"{field}: {first['msg']}", field=field) from None
    async with people(settings) as users:
        return (await users.register(registration)).id


async def deactivate_user(settings: Settings, email: str) -> None:
    async with people(settings) as users:
        await users.deactivate(email)


async def list_users(settings: Settings) -> Sequence[User]:
    async with people(settings) as users:
        return await users.everyone()
