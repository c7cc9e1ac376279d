"""The Telegram process: answers people there, and tells them what happened."""

import asyncio

from tradingbot.adapters.redis_pace import RedisPace
from tradingbot.adapters.telegram_line import TelegramLine
from tradingbot.adapters.telegram_sender import TelegramSender
from tradingbot.kit.crew import every
from tradingbot.kit.lease import goodbye, keep_alive
from tradingbot.kit.log import configure
from tradingbot.kit.outage import Outage, is_away
from tradingbot.kit.process import run
from tradingbot.local.readiness import say_ready
from tradingbot.notifications.channels import queue_of
from tradingbot.notifications.courier import Courier
from tradingbot.notifications.errors import Later
from tradingbot.settings import Settings
from tradingbot.telegram import repository
from tradingbot.telegram.attendant import Attendant
from tradingbot.telegram.errors import TokenRefused
from tradingbot.telegram.greetings import Greetings
from tradingbot.telegram.poller import Poller
from tradingbot.telegram.turns import Turns
from tradingbot.telegram.writer import Writer
from tradingbot.wiring.foundation import Foundation, foundation
from tradingbot.wiring.services import desks, services
from tradingbot.wiring.telegram import hook
from tradingbot.wiring.trading import order_path

NAME = "telegram-bot"
QUEUE = queue_of(TelegramSender.name)


def main(settings: Settings) -> None:
    configure(settings.log_level, settings.log_format, NAME)
    run(lambda stopped: serve(settings, stopped))


async def serve(settings: Settings, stopped: asyncio.Event) -> None:
    """Until stopped. Raises TokenRefused."""
    line = TelegramLine(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url)
    pace = RedisPace(settings.redis_url)
    refused: list[TokenRefused] = []
    try:
        async with foundation(settings, NAME) as base:
            # Before Telegram has answered: that it is away must hold up nobody here.
            say_ready(settings.data_dir, NAME)
            try:
                await _serve(base, line, Turns(pace, line.bot_id), stopped)
            except* TokenRefused as group:
                refused += _leaves(group)
    finally:
        await pace.close()
        await line.close()
    if refused:
        raise refused[0]


async def _serve(
    base: Foundation, line: TelegramLine, turns: Turns, stopped: asyncio.Event
) -> None:
    name = await _introduced(line, stopped)
    if name is None:
        return
    async with base.database.begin() as connection:
        await repository.put_bot(connection, line.bot_id, name)
    async with order_path(base) as path:
        desk = desks(services(base, path, {}), base.database)
        writer = Writer(line, turns, desk.chats)
        attendant = Attendant(desk, line, writer, base.doorbell, name, base.worker_id)
        greetings = Greetings(base.database, writer)
        poller = Poller(base.database, line, base.doorbell, base.worker_id, hook(base))
        courier = Courier(base.database, TelegramSender(line, turns, desk.chats.move))
        async with asyncio.TaskGroup() as group:
            group.create_task(keep_alive(base.database, base.worker_id, NAME, stopped))
            group.create_task(poller.run(stopped))
            group.create_task(attendant.run(stopped))
            group.create_task(greetings.run(stopped))
            group.create_task(base.queue.consume({QUEUE: courier.handle}, stopped))
            group.create_task(courier.run(stopped))
    await goodbye(base.database, base.worker_id)


async def _introduced(line: TelegramLine, stopped: asyncio.Event) -> str | None:
    """The bot's name, once Telegram has said it; None: stopped before that."""
    outage, pause = Outage("telegram"), 0.0
    while await every(pause, stopped):
        try:
            name = await line.username()
        except Later as later:
            pause = later.seconds
        except Exception as error:
            if not is_away(error):
                raise
            pause = outage.failed(error)
        else:
            outage.over()
            return name
    return None


def _leaves(group: BaseExceptionGroup[TokenRefused]) -> list[TokenRefused]:
    found: list[TokenRefused] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found
