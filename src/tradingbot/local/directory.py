"""The data directory: who holds it, what is secret in it, where the system answers."""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from tradingbot.kit.errors import Conflict
from tradingbot.local.child import outlasting

LEFTOVER_SECONDS = 5.0


class AlreadyRunning(Conflict):
    code = "already_running"


class DataDirectory:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = self.path / "lock"
        self._runtime = self.path / "runtime.json"

    @contextmanager
    def held(self) -> Iterator[Callable[[str], None]]:
        """Ours alone while inside; yields what tells others the address it answers at.

        Raises AlreadyRunning, with who and where, when it is another's.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._open_lock() as lock:
            if not self._take(lock):
                lock.seek(0)
                holder = lock.read().strip() or "another tradingbot up"
                raise AlreadyRunning(f"{self.path} is held by {holder}; see `tradingbot up --help`")

            def sign(address: str) -> None:
                lock.truncate(0)
                lock.write(f"process {os.getpid()}, {address}")
                lock.flush()

            sign("starting")
            self._end_leftovers()
            try:
                yield sign
            finally:
                self._runtime.unlink(missing_ok=True)
                self._lock.unlink()

    def announce(self, facts: Mapping[str, object]) -> None:
        """Write runtime.json, whole or not at all: where everything answers, for other programs."""
        write_private(self._runtime, json.dumps(facts, indent=2))

    def secret(self, name: str) -> str:
        """A random secret, made once and kept."""
        return kept_secret(self.path / name)

    def _open_lock(self) -> IO[str]:
        return open(self._lock, "a+", opener=lambda name, flags: os.open(name, flags, 0o600))

    def _take(self, lock: IO[str]) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(lock.fileno()), self._lock.stat())
        except (BlockingIOError, FileNotFoundError):  # held, or removed by who just stopped
            return False

    def _end_leftovers(self) -> None:
        """Children of an `up` that was killed may need a moment to notice, or a push."""
        with suppress(OSError, ValueError, KeyError):
            written = self._runtime.stat().st_mtime
            pids = json.loads(self._runtime.read_text())["pids"].values()
            left = [child for pid in pids if pid and (child := leftover(pid, written))]
            for deaf in outlasting(left, LEFTOVER_SECONDS):
                deaf.kill()
            outlasting(left, LEFTOVER_SECONDS)
        self._runtime.unlink(missing_ok=True)


def leftover(pid: int, written: float) -> psutil.Process | None:
    """The process of that pid, unless the number has been given to another since."""
    try:
        process = psutil.Process(pid)
        return process if process.create_time() < written else None
    except psutil.NoSuchProcess:
        return None


def kept_secret(path: Path) -> str:
    """A random secret, made once and kept in a file only its owner can read."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text)
    unfinished.rename(path)
