"""Children of the nursery are processes of their own, and none outlives its parent."""

import asyncio
import os
import signal
from pathlib import Path

import psutil

from tests.chaos.family import family
from tests.system.running import until

# It waits for nobody: without its settings it says so and ends.
LOST = ["order-monitor"]


async def test_one_that_ends_is_told_of_with_its_code_and_its_last_words(
    born_ready: Path, tmp_path: Path
) -> None:
    async with family(born_ready) as parents:
        child = await parents.bear(LOST, {"SECRET_KEY": ""}, tmp_path / "log")
        assert child.pid != os.getpid()
        assert await child.wait() == 1
        assert "SECRET_KEY" in (tmp_path / "log").read_text()


async def test_one_that_is_killed_is_told_of_too(born_ready: Path, tmp_path: Path) -> None:
    async with family(born_ready) as parents:
        child = await parents.bear(["sleeper"], {}, tmp_path / "log")
        child.signal(signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL


async def test_a_frozen_one_is_told_of_and_goes_on_when_told_to(
    born_ready: Path, tmp_path: Path
) -> None:
    async with family(born_ready) as parents:
        child = await parents.bear(["sleeper"], {}, tmp_path / "log")
        child.signal(signal.SIGSTOP)
        async with asyncio.timeout(10):
            await child.stopped.wait()
        await child.stop()
        assert child.exit_code in (0, -signal.SIGTERM)


async def test_nobody_outlives_the_connection(born_ready: Path, tmp_path: Path) -> None:
    async with family(born_ready) as parents:
        child = await parents.bear(["sleeper"], {}, tmp_path / "log")
        assert psutil.pid_exists(child.pid)

    async def gone() -> bool:
        return not psutil.pid_exists(child.pid)

    await until(gone)
