"""`tradingbot up`, started and ended in every way, as one would from a shell."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest

from tradingbot.local.probe import says_ok
from tradingbot.settings import environment

COMMAND = [sys.executable, "-m", "tradingbot", "up", "--port", "0"]
PROCESSES = {
    "postgres",
    "valkey",
    "paper-exchange",
    "api",
    "bot-worker",
    "order-monitor",
    "notifier",
}


@dataclass(frozen=True)
class System:
    process: "subprocess.Popen[str]"
    directory: Path

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.directory / "runtime.json").read_text())
        return facts


@contextmanager
def started(*arguments: str) -> Iterator[System]:
    with TemporaryDirectory(prefix="tradingbot-") as directory:
        process = start(Path(directory), *arguments)
        try:
            yield System(process, Path(directory))
        finally:
            end(process)


@pytest.fixture(scope="module")
def lasting() -> Iterator[System]:
    """One for every test that leaves it running."""
    with started("--paper-fault-port", "0") as system:
        yield system


def start(directory: Path, *arguments: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(  # noqa: S603  # our own command
        [*COMMAND, "--data-dir", str(directory), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until(lambda: process.poll() is not None or (directory / "runtime.json").exists())
    assert process.poll() is None, process.communicate()[0]
    return process


def end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


def until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def until_ok(url: str) -> None:
    """Wait out a restart: the tests of one system run in any order, and one of them kills it."""
    deadline = time.monotonic() + 60
    while not await says_ok(url):
        assert time.monotonic() < deadline, url
        await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_everything_answers(lasting: System) -> None:
    facts = lasting.facts
    assert set(facts["pids"]) == PROCESSES
    assert all(alive(pid) for pid in facts["pids"].values())
    await until_ok(f"{facts['api_url']}/health/ready")
    await until_ok(f"{facts['paper_exchange_url']}/paper/status")


async def test_faults_can_be_ordered_when_that_was_asked_for(lasting: System) -> None:
    place = f"{lasting.facts['paper_faults_url']}/faults"
    assert place.startswith("http://127.0.0.1:")
    await until_ok(place)


def test_a_second_start_says_who_was_first_and_ends(lasting: System) -> None:
    second = subprocess.run(  # noqa: S603  # our own command
        [*COMMAND, "--data-dir", str(lasting.directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {lasting.process.pid}, {lasting.facts['api_url']}" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_whatever_is_killed_comes_back(lasting: System) -> None:
    before = lasting.facts["pids"]
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)

    def all_back() -> bool:
        now = lasting.facts["pids"]
        return all(now[name] not in (None, before[name]) for name in PROCESSES)

    until(all_back)
    assert lasting.process.poll() is None


def test_killed_it_takes_its_children_along_and_the_next_start_finds_no_trouble() -> None:
    with started() as system:
        assert "paper_faults_url" not in system.facts  # nobody asked for it
        secret = (system.directory / "secret_key").read_text()
        pids = system.facts["pids"].values()
        system.process.kill()
        system.process.wait()
        until(lambda: not any(alive(pid) for pid in pids))
        (system.directory / "runtime.json").unlink()  # so that start() waits for the new one
        again = start(system.directory)
        try:
            assert set(system.facts["pids"]) == PROCESSES
            assert (system.directory / "secret_key").read_text() == secret
            asked_to_stop_it_leaves_nothing(System(again, system.directory))
        finally:
            end(again)


def asked_to_stop_it_leaves_nothing(system: System) -> None:
    pids = system.facts["pids"].values()
    system.process.send_signal(signal.SIGINT)
    assert system.process.wait(30) == 0
    assert not any(alive(pid) for pid in pids)
    assert not (system.directory / "lock").exists()
    assert not (system.directory / "runtime.json").exists()


def test_a_database_that_is_not_there_ends_it_in_one_clear_line(
    tmp_path: Path,
) -> None:
    outcome = subprocess.run(  # noqa: S603  # our own command
        [*COMMAND, "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=environment({"DATABASE_URL": "postgresql://me:hidden@127.0.0.1:9/none"}),
    )
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("tradingbot: migrate failed: ")
    assert len(outcome.stderr.splitlines()) == 1
    assert "hidden" not in outcome.stderr + outcome.stdout
    assert not (tmp_path / "lock").exists()
