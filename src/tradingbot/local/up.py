"""`tradingbot up`: the whole system, from an empty directory to running, and down again."""

import asyncio
import signal
import socket
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from tradingbot.kit.errors import Conflict
from tradingbot.local.directory import DataDirectory
from tradingbot.local.program import OwnProcess, Task
from tradingbot.local.servers import PostgresServer, ValkeyServer, free_port
from tradingbot.local.service import Service
from tradingbot.local.supervisor import Supervisor, together

WORKERS = (("bot-worker", "--strategy=all"), ("order-monitor",), ("notifier",))
# Trading goes on without them.
ASIDE = ("telegram-bot", "email-worker")
ADDRESSES = ("api_url", "paper_exchange_url", "database_url", "redis_url")
OWN_DATABASE_SECONDS_MAX = 60
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class PortTaken(Conflict):
    code = "port_taken"


@dataclass(frozen=True)
class UpOptions:
    """An empty URL or key means: bring our own. `environment` adds to it what a child needs."""

    environment: Callable[[Mapping[str, str]], dict[str, str]]
    tell: Callable[[str], None]
    host: str = "127.0.0.1"
    port: int = 8000  # 0: any free one
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    paper_exchange_url: str = ""
    paper: bool = True
    paper_fault_port: int | None = None  # 0: any free one
    paper_arguments: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()  # of ASIDE, those there is something to do for


@dataclass(frozen=True)
class Running:
    """Where everything answers, and who is alive at this moment."""

    api_url: str
    paper_exchange_url: str
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    paper_faults_url: str | None  # None: it takes no orders for faults
    pids: Callable[[], Mapping[str, int | None]] = field(repr=False)


Companion: TypeAlias = Callable[[Running], Coroutine[None, None, None]]


async def up(
    options: UpOptions, directory: DataDirectory, companion: Companion | None = None
) -> None:
    """Run the system until a signal or cancellation; then no process and no lock is left.

    `companion` runs beside it once everything answers. Raises AlreadyRunning, PortTaken, or
    DidNotStart with the last words of what failed.
    """
    with directory.held() as sign, suppress(asyncio.CancelledError):
        _let_signals_cancel()
        port = _choose_port(options)
        sign(f"http://127.0.0.1:{port}")
        system = _System(options, directory, port)
        try:
            await system.run(companion)
        finally:
            options.tell("stopping")
            await system.supervisor.stop()


class _System:
    def __init__(self, options: UpOptions, directory: DataDirectory, port: int) -> None:
        self._options = options
        self._directory = directory
        self._port = port
        self._running: Running | None = None
        self.supervisor = Supervisor(options.tell, self._announce)

    async def run(self, companion: Companion | None) -> None:
        self._running = running = await self._start()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.supervisor.keep_running())
            if companion is not None:
                group.create_task(companion(running))

    async def _start(self) -> Running:
        options, place = self._options, self._directory.path
        paper, paper_url, faults_url = self._paper()
        postgres, valkey = PostgresServer(place), ValkeyServer(place)
        servers: list[Service] = []
        if not options.database_url:
            postgres.reserve()
            servers.append(postgres)
        if not options.redis_url:
            valkey.reserve()
            servers.append(valkey)
        running = Running(
            api_url=f"http://127.0.0.1:{self._port}",
            paper_exchange_url=paper_url,
            database_url=options.database_url or postgres.url,
            redis_url=options.redis_url or valkey.url,
            paper_faults_url=faults_url,
            pids=lambda: self.supervisor.pids,
        )
        env = self._environment(running)
        wait = OWN_DATABASE_SECONDS_MAX if postgres in servers else 0
        await together(
            self.supervisor.start(*servers, *paper),
            # It loads while PostgreSQL starts, which saves seconds.
            Task(("migrate", f"--wait={wait}"), place, env).run(),
        )
        await together(
            self.supervisor.start(
                OwnProcess(("api",), place, env, f"{running.api_url}/health/ready"),
                *(OwnProcess(command, place, env) for command in WORKERS),
            ),
            self.supervisor.start_aside(
                *(OwnProcess((name,), place, env) for name in ASIDE if name in options.aside)
            ),
        )
        options.tell(f"API: {running.api_url}/docs   paper exchange: {paper_url or 'none'}")
        return running

    def _paper(self) -> tuple[list[OwnProcess], str, str | None]:
        """The process, where it answers, and where it takes orders for faults."""
        options = self._options
        if options.paper_exchange_url or not options.paper:
            return [], options.paper_exchange_url, None
        port, faults_url = free_port(), None
        url = f"http://127.0.0.1:{port}"
        command = ["paper-exchange", f"--port={port}", *options.paper_arguments]
        if options.paper_fault_port is not None:
            # Chosen here, so that it is the same again when the process is started again.
            fault_port = options.paper_fault_port or free_port()
            faults_url = f"http://127.0.0.1:{fault_port}"
            command.append(f"--fault-port={fault_port}")
        env = options.environment(self._basics())
        process = OwnProcess(tuple(command), self._directory.path, env, f"{url}/paper/status")
        return [process], url, faults_url

    def _basics(self) -> dict[str, str]:
        return {
            "DATA_DIR": str(self._directory.path),
            "SECRET_KEY": self._options.secret_key or self._directory.secret("secret_key"),
        }

    def _environment(self, running: Running) -> dict[str, str]:
        changes = {
            "DATABASE_URL": running.database_url,
            "REDIS_URL": running.redis_url,
            "PAPER_EXCHANGE_URL": running.paper_exchange_url,
            "API_HOST": self._options.host,
            "API_PORT": str(self._port),
        }
        return self._options.environment(self._basics() | changes)

    def _announce(self) -> None:
        if self._running is not None:
            facts = {name: getattr(self._running, name) for name in ADDRESSES}
            if self._running.paper_faults_url is not None:
                facts["paper_faults_url"] = self._running.paper_faults_url
            self._directory.announce(facts | {"pids": dict(self.supervisor.pids)})


def _choose_port(options: UpOptions) -> int:
    if options.port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError:
            raise PortTaken(
                f"port {options.port} is taken; choose another with --port, or 0 for any free one"
            ) from None
    return options.port


def _let_signals_cancel() -> None:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def stop() -> None:
        for number in STOP_SIGNALS:  # once is enough: a second Ctrl-C must not cut the stopping
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
