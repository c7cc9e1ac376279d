"""A child process that dies with its parent, and can be waited for and stopped."""

import asyncio
import ctypes
import os
import pwd
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

LOG_BYTES_MAX = 16 * 2**20
PR_SET_PDEATHSIG = 1
# Loaded here, because between fork and exec there is no safe moment to load anything.
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """What to run, where its output goes, and who it runs as (None: whoever we are)."""

    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: Path | None = None
    user: int | None = None
    death_signal: signal.Signals = signal.SIGKILL


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, gently: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> None:
        """Ask with `gently`, and after `grace` seconds insist with SIGKILL."""
        with suppress(ProcessLookupError):
            self._process.send_signal(gently)
        try:
            async with asyncio.timeout(grace):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


async def spawn(program: Program, stdin: bytes | None = None) -> Child:
    """Start `program` in a session of its own: Ctrl-C reaches the supervisor alone, it decides."""
    with open_log(program.log) as log:
        process = await asyncio.create_subprocess_exec(
            *program.argv,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=dict(program.env),
            cwd=program.cwd,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid(), program.death_signal),
            user=program.user,
            group=None if program.user is None else pwd.getpwuid(program.user).pw_gid,
            extra_groups=None if program.user is None else [],
        )
    if process.stdin is not None and stdin is not None:
        process.stdin.write(stdin)
        process.stdin.close()
    return Child(process)


def open_log(path: Path) -> IO[bytes]:
    """Append to a log only we can read; one that has grown too long is put aside first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".1.log"))
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


def log_tail(path: Path, lines: int) -> str:
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def end_with(parent: int, look_seconds: float = 1.0) -> None:
    """End this process once `parent` has: for systems where `spawn` cannot arrange it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(look_seconds)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def outlasting(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those, not necessarily our children, that are still alive after waiting for all to end."""
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if _alive(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(0.02)
        alive = [process for process in alive if _alive(process)]
    return alive


def _alive(process: psutil.Process) -> bool:
    # psutil's own wait counts a zombie, which another parent has yet to bury, as alive.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None] | None:
    """Linux ends the child when the parent goes, even by kill -9 (which no handler sees)."""
    if LIBC is None:
        return None
    libc = LIBC

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it went between fork and prctl
            os._exit(1)

    return before_exec
