"""A real paper exchange for tests: in this process, on a free port, over real sockets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tradingbot.paper.options import PaperOptions
from tradingbot.paper.server import PaperExchange, listening


@asynccontextmanager
async def running_paper_exchange(data_dir: Path, **options: Any) -> AsyncIterator[PaperExchange]:
    """`options` as PaperOptions has them; `paper.url` is where it listens."""
    async with listening(PaperOptions(data_dir=data_dir, **options)) as paper:
        yield paper
