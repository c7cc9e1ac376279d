"""Where processes are born ready: everything is imported once, and each is a fork of that.

A real process each time, with a pid, a log and a death of its own, in a tenth of the time. Whoever
connects may have children; they end when the connection does, and all of them with the nursery.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from tests.chaos import launch
from tradingbot.local.child import LIBC, PR_SET_PDEATHSIG

BYTES_MAX = 2**20


@dataclass
class Parent:
    """One connection, and the children it asked for that are still alive, by pid."""

    line: socket.socket
    unread: bytes = b""
    children: set[int] = field(default_factory=set)

    def tell(self, **words: object) -> None:
        with suppress(OSError):  # gone: its connection's end is dealt with where it is noticed
            self.line.sendall(json.dumps(words).encode() + b"\n")


class Nursery:
    def __init__(self, path: Path) -> None:
        self._selector = selectors.DefaultSelector()
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        self._door.listen()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._parents: dict[socket.socket, Parent] = {}

    def serve(self) -> None:
        """Until standard input ends, which is when whoever started it is gone."""
        signal.set_wakeup_fd(self._waker.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for source in (self._door, self._woken, sys.stdin):
            self._selector.register(source, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    self._end()
                    return
                if key.fileobj is self._door:
                    self._admit()
                elif key.fileobj is self._woken:
                    self._reap()
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(self._parents[key.fileobj])

    def _admit(self) -> None:
        line, _ = self._door.accept()
        self._parents[line] = Parent(line)
        self._selector.register(line, selectors.EVENT_READ)

    def _hear(self, parent: Parent) -> None:
        heard = b""
        with suppress(ConnectionError):
            heard = parent.line.recv(BYTES_MAX)
        if not heard:
            self._dismiss(parent)
            return
        *lines, parent.unread = (parent.unread + heard).split(b"\n")
        for line in lines:
            self._obey(parent, json.loads(line))

    def _obey(self, parent: Parent, asked: Mapping[str, Any]) -> None:
        if "signal" in asked:
            if asked["pid"] in parent.children:  # never a number that is another's by now
                os.kill(asked["pid"], asked["signal"])
            return
        pid = os.fork()
        if pid == 0:
            self._grow_up(asked)
        parent.children.add(pid)
        parent.tell(born=asked["number"], pid=pid)

    def _grow_up(self, asked: Mapping[str, Any]) -> NoReturn:
        code = 1
        try:
            self._forget()
            _settle_in(asked)
            launch.main(asked["arguments"])
            code = 0
        except SystemExit as told:
            code = told.code if isinstance(told.code, int) else 1
        except BaseException:  # noqa: BLE001  # the child must not go on as a second nursery
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _forget(self) -> None:
        """A child has nothing of its elders' but what they imported."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for own in (self._door, self._woken, self._waker, *self._parents):
            own.close()

    def _reap(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(BYTES_MAX):
                continue
        for parent in self._parents.values():
            for pid in list(parent.children):
                ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
                if ended == 0:
                    continue
                if os.WIFSTOPPED(status):
                    parent.tell(stopped=pid)
                else:
                    parent.children.discard(pid)
                    parent.tell(ended=pid, code=os.waitstatus_to_exitcode(status))

    def _dismiss(self, parent: Parent) -> None:
        for pid in parent.children:
            os.kill(pid, signal.SIGKILL)
        for pid in parent.children:
            os.waitpid(pid, 0)
        self._selector.unregister(parent.line)
        del self._parents[parent.line]
        parent.line.close()

    def _end(self) -> None:
        for parent in list(self._parents.values()):
            self._dismiss(parent)


def _settle_in(asked: Mapping[str, Any]) -> None:
    os.setsid()
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for there, own in ((0, nothing), (1, log), (2, log)):
        os.dup2(own, there)
    os.environ.update(asked["environment"])  # noqa: TID251  # it is this process's own


def preload() -> None:
    from tradingbot import settings  # noqa: F401, PLC0415  # imported to be there after the fork
    from tradingbot.adapters import ccxt_exchange  # noqa: F401, PLC0415  # as above
    from tradingbot.processes import api, bot_worker, order_monitor  # noqa: F401, PLC0415  # as above


def main() -> None:
    nursery = Nursery(Path(sys.argv[1]))
    preload()
    gc.freeze()  # shared with every child for as long as nobody touches it
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    nursery.serve()


if __name__ == "__main__":
    main()
