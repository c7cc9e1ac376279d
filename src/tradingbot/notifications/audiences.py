"""Who is told, and how they want it: asked for each thing that happens, so kept for a moment."""

from pydantic import BaseModel, ValidationError

from tradingbot.kit.cache import Cache, NoCache
from tradingbot.kit.database import Database
from tradingbot.notifications import repository
from tradingbot.notifications.repository import Audience
from tradingbot.notifications.schemas import SettingsView

# What is older is harmless: the courier looks at the row itself before it sends.
KEPT_SECONDS = 10


class _Kept(BaseModel):
    is_active: bool
    settings: SettingsView


class Audiences:
    def __init__(self, database: Database, cache: Cache | None = None) -> None:
        self._database = database
        self._cache = cache or NoCache()

    async def of(self, user_id: int) -> Audience | None:
        """None: there is no such user. Raises DatabaseUnreachable."""
        key = _key(user_id)
        kept = await self._cache.get(key)
        if kept is not None:
            try:
                found = _Kept.model_validate_json(kept)
            except ValidationError:  # another version's
                await self._cache.drop(key)
            else:
                return Audience(found.is_active, found.settings)
        async with self._database.reading() as connection:
            audience = await repository.audience(connection, user_id)
        if audience is not None:
            keep = _Kept.model_construct(is_active=audience.is_active, settings=audience.settings)
            await self._cache.put(key, keep.model_dump_json(), KEPT_SECONDS)
        return audience

    async def changed(self, user_id: int) -> None:
        """Call after the commit that changed them."""
        await self._cache.drop(_key(user_id))


def _key(user_id: int) -> str:
    return f"audience:{user_id}"
