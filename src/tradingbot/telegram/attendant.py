"""Somebody said something: who it was, whether he may, and the answer in his chat."""

import asyncio
from datetime import timedelta

from tradingbot.bots.errors import BotNotFound
from tradingbot.kit.crew import every
from tradingbot.kit.database import cause
from tradingbot.kit.errors import Fact, Unavailable
from tradingbot.kit.log import bound, logger
from tradingbot.kit.outage import Outage
from tradingbot.kit.queue import Doorbell
from tradingbot.notifications.errors import Later
from tradingbot.telegram import repository
from tradingbot.telegram.asking import Asking, Desks
from tradingbot.telegram.commands import COMMANDS
from tradingbot.telegram.entrance import Entrance
from tradingbot.telegram.errors import ChatGone, Refused, TelegramAway
from tradingbot.telegram.inbox import BELL
from tradingbot.telegram.ports import Line
from tradingbot.telegram.repository import Chat, Waiting
from tradingbot.telegram.schemas import Role, SaidMessage, Update, understood
from tradingbot.telegram.screens import Ask, Screen, ask_of, pressed
from tradingbot.telegram.words import Words
from tradingbot.telegram.writer import Writer

log = logger(__name__)

SWEEP_SECONDS = 1.0
AT_ONCE = 4
# Longer than the longest answer takes: a panic may wait for many orders.
HOLD = timedelta(minutes=2)
ATTEMPTS_MAX = 5
PAUSE_SECONDS = 2.0
PRIVATE = "private"


class Attendant:
    """One in each process, of any number: each update is one's at a time.

    An answer that was cut off is begun again: asked twice, nothing happens twice. `worker_id`
    must be kept alive beside it; what a dead worker was at is anybody's.
    """

    def __init__(
        self,
        desks: Desks,
        line: Line,
        writer: Writer,
        doorbell: Doorbell,
        bot_name: str,
        worker_id: str,
    ) -> None:
        self._desks = desks
        self._line = line
        self._writer = writer
        self._doorbell = doorbell
        self._entrance = Entrance(desks.chats)
        self._bot_name = bot_name
        self._worker_id = worker_id
        self._at_it: set[int] = set()
        self._claiming = asyncio.Lock()
        self._database = desks.database
        self._outage = Outage("telegram attendant")
        self._wake = asyncio.Event()

    async def run(self, stopped: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen())
            for _ in range(AT_ONCE):
                group.create_task(self._work(stopped))
            await stopped.wait()
            listening.cancel()
            self._ring()

    async def handle_one(self) -> bool:
        """Whether there was one."""
        async with self._claiming:
            waiting = await self._claim()
        if waiting is None:
            return False
        try:
            with bound(update_id=waiting.update_id):
                await self._finish(waiting)
        finally:
            self._at_it.discard(waiting.update_id)
        return True

    async def _claim(self) -> Waiting | None:
        async with self._database.begin() as connection:
            waiting = await repository.claim_update(
                connection, self._line.bot_id, self._worker_id, self._at_it, HOLD
            )
        if waiting is not None:
            self._at_it.add(waiting.update_id)
        return waiting

    async def _listen(self) -> None:
        async for _ in self._doorbell.listen(BELL):
            self._ring()

    def _ring(self) -> None:
        """Everybody who rests wakes up."""
        self._wake.set()
        self._wake = asyncio.Event()

    async def _work(self, stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            pause, wake = SWEEP_SECONDS, self._wake
            try:
                while not stopped.is_set() and await self.handle_one():
                    pass
            except Exception as error:  # noqa: BLE001  # whatever is away, the updates wait for it
                pause = self._outage.failed(error)
            else:
                self._outage.over()
            await every(pause, wake)

    async def _finish(self, waiting: Waiting) -> None:
        bot_id, update_id = self._line.bot_id, waiting.update_id
        try:
            await self._handle(waiting)
        except Later as later:
            await self._put_off(waiting, later.seconds)
            return
        except TelegramAway as away:
            log.warning("answer_failed", why=away.message, attempts=waiting.attempts)
            if waiting.attempts < ATTEMPTS_MAX:
                await self._put_off(waiting, PAUSE_SECONDS * 2.0**waiting.attempts)
                return
        except (ChatGone, Refused) as why:
            log.info("answer_refused", why=str(why))
        async with self._database.begin() as connection:
            await repository.mark_handled(connection, bot_id, update_id)

    async def _put_off(self, waiting: Waiting, seconds: float) -> None:
        async with self._database.begin() as connection:
            await repository.put_off_update(
                connection, self._line.bot_id, waiting.update_id, seconds
            )

    async def _handle(self, waiting: Waiting) -> None:
        update = understood(waiting.body)
        if update is None or update.chat is None:
            return
        if update.message is not None and update.message.migrate_to_chat_id is not None:
            await self._desks.chats.move(update.chat.id, update.message.migrate_to_chat_id)
        elif (query := update.callback_query) is not None and query.message is not None:
            await self._line.acknowledge(query.id)
            screen = await self._answer(update, pressed(query.data))
            await self._writer.replace(query.message, screen)
        elif update.message is not None:
            ask = self._asked(update.message)
            if ask is not None:
                await self._writer.write(update.chat.id, await self._answer(update, ask))

    def _asked(self, message: SaidMessage) -> Ask | None:
        """In a group only what is for us; alone with somebody, everything is."""
        ask = ask_of(message.text, self._bot_name)
        return ask or (Ask("") if message.chat.type == PRIVATE else None)

    async def _answer(self, update: Update, ask: Ask) -> Screen:
        said = update.chat
        assert said is not None
        async with self._database.reading() as connection:
            chat = await repository.chat(connection, said.id)
        words = Words(chat.language if chat else update.language)
        with bound(chat_id=said.id, asked=ask.verb[:32], user_id=chat.user_id if chat else None):
            try:
                if chat is None or (ask.verb == "start" and ask.args):
                    return await self._entrance.welcome(said, ask, words)
                return await self._asked_by(chat, ask, words)
            except BotNotFound:
                return Screen(words.say("no_such_bot"))
            except Unavailable as away:
                log.warning("answer_unavailable", why=away.message)
                return Screen(words.say("trouble"))
            except Fact as fact:
                return Screen(words.say("refused", why=words.reason(fact.message)))
            except Exception as error:
                log.exception("answer_broken", why=cause(error))
                return Screen(words.say("trouble"))

    async def _asked_by(self, chat: Chat, ask: Ask, words: Words) -> Screen:
        command = COMMANDS.get(ask.verb)
        if command is None:
            return Screen(words.say("unknown"))
        if command.role_for(ask.args) is Role.OPERATOR and chat.role != Role.OPERATOR:
            return Screen(words.say("viewer"))
        return await command.answer(Asking(self._desks, chat, words, ask))
