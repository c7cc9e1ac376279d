"""The api process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from tradingbot.api.app import create_app
from tradingbot.api.services import Check
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.kit.log import configure
from tradingbot.kit.process import run
from tradingbot.kit.schema import require_current
from tradingbot.local.probe import says_ok
from tradingbot.settings import Settings
from tradingbot.wiring.foundation import Foundation, foundation
from tradingbot.wiring.services import services
from tradingbot.wiring.trading import order_path

NAME = "api"
FINISH_SECONDS = 8


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process: uvicorn would end it by the signal, not with 0."""
        yield


def main(settings: Settings) -> None:
    configure(settings.log_level, settings.log_format, NAME)
    run(lambda stopped: serve(settings, stopped))


async def serve(settings: Settings, stopped: asyncio.Event) -> None:
    async with foundation(settings, NAME) as base, order_path(base) as path:
        config = uvicorn.Config(
            create_app(services(base, path, checks(base))),
            host=settings.api_host,
            port=settings.api_port,
            loop="none",
            http="httptools",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=FINISH_SECONDS,
        )
        server = Server(config)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve())
            await stopped.wait()
            server.should_exit = True


def checks(base: Foundation) -> dict[str, Check]:
    async def migrations() -> None:
        await require_current(base.database)

    async def paper_exchange() -> None:
        if not await says_ok(f"{base.settings.paper_exchange_url}/paper/status"):
            raise ExchangeUnreachable("the paper exchange does not answer")

    found: dict[str, Check] = {
        "database": base.database.ping,
        "migrations": migrations,
        "redis": base.queue.ping,
    }
    if base.settings.paper_exchange_url:
        found["paper_exchange"] = paper_exchange
    return found
