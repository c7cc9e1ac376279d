from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from tests.api.client import Api, running_api
from tests.paper.server import running_paper_exchange
from tradingbot.paper.server import PaperExchange


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    """Structlog's own way with exceptions draws every local variable, for half a minute."""
    processors = structlog.processors
    structlog.configure([processors.format_exc_info, processors.JSONRenderer()])


@pytest.fixture
async def paper(tmp_path: Path) -> AsyncIterator[PaperExchange]:
    """A market that stands still."""
    async with running_paper_exchange(tmp_path, prints_per_second=0.0) as exchange:
        yield exchange


@pytest.fixture
async def api(database_url: str, redis_url: str, paper: PaperExchange) -> AsyncIterator[Api]:
    async with running_api(database_url, redis_url, paper.url) as running:
        yield running


@pytest.fixture
async def ann(api: Api) -> str:
    """A signed-in user's token."""
    return await api.token()


@pytest.fixture
async def bob(api: Api) -> str:
    """Another's."""
    return await api.token("bob@example.com")
