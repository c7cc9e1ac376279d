"""One nursery for all the fault tests of a run: the import is paid for once."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.chaos.family import nursery
from tests.chaos.scene import Stage


@pytest.fixture(scope="session")
def born_ready() -> Iterator[Path]:
    with nursery() as path:
        yield path


@pytest.fixture
def stage(born_ready: Path) -> Iterator[Stage]:
    """Both exchanges at once, at the length that fits into every run of the tests."""
    # Not pytest's own folders: another run of it may shut PostgreSQL's user out of them.
    with TemporaryDirectory(prefix="chaos-") as directory:
        yield Stage(born_ready, Path(directory), exchanges=("binance", "bybit"))
