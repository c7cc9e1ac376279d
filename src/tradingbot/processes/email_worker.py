"""The email-worker process: brings messages, and the letters that ask whose an address is."""

import asyncio
import os
from contextlib import aclosing

from tradingbot.adapters.smtp_line import SmtpLine
from tradingbot.adapters.smtp_mailer import SmtpMailer
from tradingbot.kit.crew import every
from tradingbot.kit.log import configure, logger
from tradingbot.kit.process import run
from tradingbot.local.readiness import say_ready
from tradingbot.notifications.channels import queue_of
from tradingbot.notifications.confirmation_post import ConfirmationPost
from tradingbot.notifications.courier import Courier
from tradingbot.notifications.errors import Later
from tradingbot.settings import Settings
from tradingbot.wiring import telling
from tradingbot.wiring.foundation import Foundation, foundation

NAME = "email-worker"
POLITE = 10
LOOK_SECONDS = 5.0
log = logger(__name__)


def main(settings: Settings) -> None:
    configure(settings.log_level, settings.log_format, NAME)
    os.nice(POLITE)
    run(lambda stopped: serve(settings, stopped))


async def serve(settings: Settings, stopped: asyncio.Event) -> None:
    line = telling.mail_line(settings)
    async with foundation(settings, NAME) as base, aclosing(line):
        # Before the server has answered: that it is away must hold up nobody here.
        say_ready(settings.data_dir, NAME)
        await _work(base, line, stopped)


async def _work(base: Foundation, line: SmtpLine, stopped: asyncio.Event) -> None:
    mailer = SmtpMailer(
        line, telling.mail_sender(base.settings), base.clock, telling.way_out(base).link
    )
    courier = Courier(base.database, mailer)
    post = ConfirmationPost(base.database, telling.confirmations(base), mailer, base.clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(_look(line, stopped))
        group.create_task(base.queue.consume({queue_of(mailer.name): courier.handle}, stopped))
        group.create_task(courier.run(stopped))
        group.create_task(post.run(stopped))


async def _look(line: SmtpLine, stopped: asyncio.Event) -> None:
    """One line in the log when SMTP_URL does not do; what is to be sent waits, and tries again."""
    why = ""
    try:
        await line.check()
    except Later as later:
        why = str(later)
    except Exception as error:  # noqa: BLE001  # the library's own
        why = type(error).__name__
    if why:
        log.error("mail_server_refuses", why=why)
    while await every(LOOK_SECONDS, stopped):
        await line.hang_up_when_idle()
