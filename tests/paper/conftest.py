from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.clients import trading
from tests.paper.faults import TRADERS
from tests.paper.server import running_paper_exchange
from tradingbot.paper.server import PaperExchange


@pytest.fixture
async def paper(tmp_path: Path) -> AsyncIterator[PaperExchange]:
    """A market that stands still until a test moves it."""
    async with running_paper_exchange(tmp_path, prints_per_second=0.0) as exchange:
        yield exchange


@pytest.fixture
async def ccxt(paper: PaperExchange) -> AsyncIterator[Any]:
    async with trading(paper.url) as client:
        yield client


@pytest.fixture
async def pro(paper: PaperExchange) -> AsyncIterator[Any]:
    async with trading(paper.url, pro=True) as client:
        yield client


@pytest.fixture
async def faults(tmp_path: Path) -> AsyncIterator[PaperExchange]:
    """As `paper`, and it takes orders for faults."""
    async with running_paper_exchange(
        tmp_path / "faults", prints_per_second=0.0, fault_port=0
    ) as exchange:
        yield exchange


@pytest.fixture(params=TRADERS)
async def trader(faults: PaperExchange, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """On an exchange with faults, over each of its protocols."""
    async with TRADERS[request.param](faults.url) as client:
        yield client


@pytest.fixture
async def bybit(paper: PaperExchange) -> AsyncIterator[Any]:
    async with trading_on_bybit(paper.url) as client:
        yield client


@pytest.fixture
async def bybit_pro(paper: PaperExchange) -> AsyncIterator[Any]:
    async with trading_on_bybit(paper.url, pro=True) as client:
        yield client
