from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fake_session import FakeSession
from tests.orders.world import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each question was put to the exchange."""
    counts: Counter[str] = Counter()
    for name in ("find", "find_by_exchange_id", "open_orders", "trades_of", "trades_since"):
        monkeypatch.setattr(FakeSession, name, counting(counts, name))
    return counts


def counting(counts: Counter[str], name: str) -> Any:
    put = getattr(FakeSession, name)

    async def counted(self: FakeSession, *about: Any) -> Any:
        counts[name] += 1
        return await put(self, *about)

    return counted
