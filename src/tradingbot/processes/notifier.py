"""The notifier process: who hears of what happened; the console and the webhook channel."""

import asyncio
import os
from contextlib import aclosing

from tradingbot.adapters.console_channel import ConsoleChannel
from tradingbot.adapters.webhook_channel import WebhookChannel
from tradingbot.kit.log import configure
from tradingbot.kit.process import run
from tradingbot.local.readiness import say_ready
from tradingbot.notifications.channels import QUEUE, queue_of
from tradingbot.notifications.courier import Courier
from tradingbot.notifications.daily import DailySummaries
from tradingbot.notifications.missed import MissedEvents
from tradingbot.notifications.router import Router
from tradingbot.settings import Settings
from tradingbot.wiring import telling
from tradingbot.wiring.foundation import Foundation, foundation

NAME = "notifier"
# On a busy machine trading goes first; a message may come a moment later.
POLITE = 10


def main(settings: Settings) -> None:
    configure(settings.log_level, settings.log_format, NAME)
    os.nice(POLITE)
    run(lambda stopped: serve(settings, stopped))


async def serve(settings: Settings, stopped: asyncio.Event) -> None:
    async with foundation(settings, NAME) as base:
        secret_of = telling.desk(base).secret_of
        webhook = WebhookChannel(telling.gate(settings), base.clock, secret_of)
        async with aclosing(webhook):
            await _work(base, webhook, stopped)


async def _work(base: Foundation, webhook: WebhookChannel, stopped: asyncio.Event) -> None:
    audiences = telling.audiences(base)
    router = Router(base.database, base.queue, telling.offered(base.settings), audiences)
    console = Courier(base.database, ConsoleChannel())
    by_web = Courier(base.database, webhook)
    handlers = {
        QUEUE: router.handle,
        queue_of("console"): console.handle,
        queue_of("webhook"): by_web.handle,
    }
    async with asyncio.TaskGroup() as group:
        group.create_task(base.queue.consume(handlers, stopped))
        group.create_task(console.run(stopped))
        group.create_task(by_web.run(stopped))
        group.create_task(MissedEvents(base.database, router).run(stopped))
        group.create_task(DailySummaries(base.database, router, base.clock).run(stopped))
        say_ready(base.settings.data_dir, NAME)
