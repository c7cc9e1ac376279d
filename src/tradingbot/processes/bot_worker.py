"""The bot worker process."""

import asyncio

from tradingbot.kit.lease import goodbye, keep_alive
from tradingbot.kit.log import configure
from tradingbot.kit.process import run
from tradingbot.local.readiness import say_ready
from tradingbot.settings import Settings
from tradingbot.strategies.catalogue import CATALOGUE
from tradingbot.wiring.foundation import foundation
from tradingbot.wiring.trading import bot_worker, order_path

NAME = "bot-worker"


def main(settings: Settings, strategy: str) -> None:
    strategies = list(CATALOGUE) if strategy == "all" else [strategy]
    configure(settings.log_level, settings.log_format, NAME)
    run(lambda stopped: serve(settings, strategies, stopped))


async def serve(settings: Settings, strategies: list[str], stopped: asyncio.Event) -> None:
    async with (
        foundation(settings, NAME) as base,
        order_path(base) as path,
        bot_worker(base, path, strategies) as worker,
    ):
        queues = {f"bot_commands:{strategy}": worker.handle for strategy in strategies}
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_alive(base.database, base.worker_id, NAME, stopped))
            group.create_task(base.queue.consume(queues, stopped))
            group.create_task(worker.run(stopped))
            say_ready(settings.data_dir, NAME)
        await goodbye(base.database, base.worker_id)
