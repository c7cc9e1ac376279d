from collections.abc import AsyncIterator

import pytest

from tests.ledger.world import opened
from tests.orders.world import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield await opened(world)
