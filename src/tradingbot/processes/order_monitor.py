"""The order monitor process."""

import asyncio

from tradingbot.kit.lease import goodbye, keep_alive
from tradingbot.kit.log import configure
from tradingbot.kit.process import run
from tradingbot.local.readiness import say_ready
from tradingbot.orders.applier import MONITORING_QUEUE
from tradingbot.settings import Settings
from tradingbot.wiring.foundation import foundation
from tradingbot.wiring.trading import monitor, order_path

NAME = "order-monitor"


def main(settings: Settings) -> None:
    configure(settings.log_level, settings.log_format, NAME)
    run(lambda stopped: serve(settings, stopped))


async def serve(settings: Settings, stopped: asyncio.Event) -> None:
    async with foundation(settings, NAME) as base, order_path(base) as path:
        watching = monitor(base, path)
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_alive(base.database, base.worker_id, NAME, stopped))
            group.create_task(base.queue.consume({MONITORING_QUEUE: watching.handle}, stopped))
            group.create_task(watching.run(stopped))
            say_ready(settings.data_dir, NAME)
        await goodbye(base.database, base.worker_id)
