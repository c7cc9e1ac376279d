"""The notifier process: who hears of what happened, and the console channel."""

import asyncio
import os

from tradingbot.adapters.console_channel import ConsoleChannel
from tradingbot.kit.log import configure
from tradingbot.kit.process import run
from tradingbot.local.readiness import say_ready
from tradingbot.notifications.channels import QUEUE, queue_of
from tradingbot.notifications.courier import Courier
from tradingbot.notifications.missed import MissedEvents
from tradingbot.notifications.router import Router
from tradingbot.settings import Settings
from tradingbot.wiring.foundation import foundation

NAME = "notifier"
# On a busy machine trading goes first; a message may come a moment later.
POLITE = 10


def main(settings: Settings) -> None:
    configure(settings.log_level, settings.log_format, NAME)
    os.nice(POLITE)
    run(lambda stopped: serve(settings, stopped))


async def serve(settings: Settings, stopped: asyncio.Event) -> None:
    async with foundation(settings, NAME) as base:
        router = Router(base.database, base.queue)
        channel = ConsoleChannel()
        courier = Courier(base.database, channel)
        handlers = {QUEUE: router.handle, queue_of(channel.name): courier.handle}
        async with asyncio.TaskGroup() as group:
            group.create_task(base.queue.consume(handlers, stopped))
            group.create_task(courier.run(stopped))
            group.create_task(MissedEvents(base.database, router).run(stopped))
            say_ready(settings.data_dir, NAME)
