"""A chat was joined from elsewhere, by its code: that is said in the chat too."""

import asyncio
from datetime import timedelta

from tradingbot.kit.crew import every
from tradingbot.kit.database import Database
from tradingbot.kit.log import bound, logger
from tradingbot.kit.outage import Outage
from tradingbot.notifications.errors import Later
from tradingbot.telegram import repository
from tradingbot.telegram.entrance import joined
from tradingbot.telegram.errors import ChatGone, Refused, TelegramAway
from tradingbot.telegram.repository import Chat
from tradingbot.telegram.words import Words
from tradingbot.telegram.writer import Writer

log = logger(__name__)

SWEEP_SECONDS = 0.5
# Longer than a turn and an answer take.
HOLD = timedelta(minutes=1)
PAUSE_SECONDS = 5.0


class Greetings:
    """Any number may run, in any number of processes: the chat's row says who is to be told."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._outage = Outage("telegram greetings")

    async def run(self, stopped: asyncio.Event) -> None:
        while await every(SWEEP_SECONDS, stopped):
            try:
                while not stopped.is_set() and await self.greet_one():
                    pass
            except Exception as error:  # noqa: BLE001  # whatever is away, the rows wait for it
                self._outage.failed(error)
            else:
                self._outage.over()

    async def greet_one(self) -> bool:
        """Whether there was one."""
        async with self._database.begin() as connection:
            chat = await repository.claim_greeting(connection, HOLD)
        if chat is None:
            return False
        with bound(chat_id=chat.id, user_id=chat.user_id):
            await self._greet(chat)
        return True

    async def _greet(self, chat: Chat) -> None:
        chat_id = chat.id
        try:
            chat_id = await self._writer.write(chat.id, joined(Words(chat.language), chat.role))
        except Later as later:
            await self._put_off(chat_id, later.seconds)
            return
        except TelegramAway as away:
            log.warning("greeting_failed", why=away.message)
            await self._put_off(chat_id, PAUSE_SECONDS)
            return
        except (ChatGone, Refused) as why:
            log.info("greeting_refused", why=str(why))
        async with self._database.begin() as connection:
            await repository.mark_greeted(connection, chat_id)

    async def _put_off(self, chat_id: int, seconds: float) -> None:
        async with self._database.begin() as connection:
            await repository.put_off_greeting(connection, chat_id, seconds)
