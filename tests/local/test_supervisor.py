"""What ends is started again, ever more patiently; what is stopped stays stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tradingbot.local.child import Child, Program, spawn
from tradingbot.local.service import DidNotStart, Service
from tradingbot.local.supervisor import Patience, Supervisor

QUICK = Patience(pause_seconds=0.05, pause_seconds_max=0.2, healthy_seconds=60)
STEADY = "import time; time.sleep(600)"
STUBBORN = f"""
import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print("deaf", flush=True); {STEADY}
"""


class Script(Service):
    """A Python one-liner, ready as soon as it runs."""

    def __init__(self, name: str, script: str, directory: Path) -> None:
        super().__init__()
        self.name = name
        self.log = directory / f"{name}.log"
        self.launches = 0
        self._script = script

    async def _launch(self) -> Child:
        self.launches += 1
        return await spawn(Program([sys.executable, "-c", self._script], self.log))

    async def _answers(self) -> bool:
        await asyncio.sleep(0.2)
        return self.pid is not None


@asynccontextmanager
async def kept_running(supervisor: Supervisor, *services: Service) -> AsyncIterator[None]:
    try:
        await supervisor.start(*services)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(supervisor.keep_running())
            yield
            keeping.cancel()
    finally:
        await supervisor.stop()


async def until(happens: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happens():  # noqa: ASYNC110  # what happens is another process's doing
            await asyncio.sleep(0.01)


async def test_a_killed_process_is_back_in_a_moment(tmp_path: Path) -> None:
    said: list[str] = []
    script = Script("steady", STEADY, tmp_path)
    supervisor = Supervisor(said.append, patience=QUICK)
    async with kept_running(supervisor, script):
        first = script.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: script.pid not in (None, first))
        await until(lambda: len(said) == 2)
    assert said == ["steady ended (-9); it starts again in 0.1 s", "steady is back"]
    assert script.pid is None


async def test_what_ends_again_and_again_is_started_ever_more_patiently(tmp_path: Path) -> None:
    said: list[str] = []
    script = Script("shaky", "import time; time.sleep(0.4)", tmp_path)
    async with kept_running(Supervisor(said.append, patience=QUICK), script):
        await until(lambda: len([line for line in said if "ended" in line]) == 4)
    pauses = [line.split()[-2] for line in said if "ended" in line]
    assert pauses == ["0.1", "0.1", "0.2", "0.2"]


async def test_one_that_never_starts_is_named_with_its_last_words(tmp_path: Path) -> None:
    failing = Script("failing", "raise SystemExit('no such table')", tmp_path)
    steady = Script("steady", STEADY, tmp_path)
    supervisor = Supervisor(lambda _: None)
    with pytest.raises(DidNotStart, match="failing ended with 1: no such table"):
        await supervisor.start(failing, steady)
    await supervisor.stop()
    assert steady.pid is None


async def test_one_that_could_only_end_the_same_again_stays_down_with_its_last_words(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    script = "import sys, time; time.sleep(0.4); print('no such token'); sys.exit(78)"
    hopeless = Script("hopeless", script, tmp_path)
    async with kept_running(Supervisor(said.append, patience=QUICK), hopeless):
        await until(lambda: said != [])
        await asyncio.sleep(0.5)
    assert said == ["hopeless stays down: no such token"]
    assert hopeless.launches == 1


async def test_what_is_started_aside_may_fail_and_is_tried_again(tmp_path: Path) -> None:
    said: list[str] = []
    failing = Script("failing", "raise SystemExit('no such table')", tmp_path)
    supervisor = Supervisor(said.append, patience=QUICK)
    await supervisor.start_aside(failing)
    async with kept_running(supervisor, Script("steady", STEADY, tmp_path)):
        await until(lambda: failing.launches > 2)
    assert said[0] == "failing ended with 1: no such table"


async def test_one_that_ignores_the_request_to_stop_is_made_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = await spawn(Program([sys.executable, "-c", STUBBORN], log))
    await until(lambda: log.read_text() == "deaf\n")
    await child.stop(grace=0.1)
    assert child.exit_code == -signal.SIGKILL


async def test_children_see_only_the_environment_they_are_given(tmp_path: Path) -> None:
    script = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    log = tmp_path / "log"
    child = await spawn(Program([sys.executable, "-c", script], log, {"DATA_DIR": "here"}))
    assert await child.wait() == 0
    assert log.read_text() == "['DATA_DIR']\n"
    assert log.stat().st_mode & 0o077 == 0


ORPHANED = """
import subprocess, sys, time
child = "import os, time; from tradingbot.local.child import end_with; "
child += "end_with(os.getppid(), 0.05); time.sleep(600)"
print(subprocess.Popen([sys.executable, "-c", child]).pid, flush=True)
time.sleep(1)
"""


async def test_where_the_system_does_not_end_orphans_they_end_themselves(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = await spawn(Program([sys.executable, "-c", ORPHANED], log))
    await parent.wait()
    orphan = int(log.read_text())
    await until(lambda: not alive(orphan))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
