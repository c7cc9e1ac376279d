"""Use cases: a chat joins an account, by a link from there or by a code from here; and leaves."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from tradingbot.kit import ids
from tradingbot.kit.database import Connection, Database
from tradingbot.notifications import service as notifications
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.schemas import NotificationSettings
from tradingbot.telegram import repository
from tradingbot.telegram.errors import (
    ChatNotFound,
    LinkExpired,
    LinkUnknown,
    LinkUsed,
    TelegramOff,
)
from tradingbot.telegram.repository import Link
from tradingbot.telegram.schemas import ChatView, LinkChat, LinkView, Role, SaidChat
from tradingbot.users import repository as users

LIFE = timedelta(minutes=15)
PRIVATE = "private"


class ChatDesk:
    """`fingerprints` are keyed hashes of a secret: what is kept of it, under each key."""

    def __init__(
        self,
        database: Database,
        fingerprints: Callable[[str], Sequence[str]],
        audiences: Audiences,
    ) -> None:
        self._database = database
        self._fingerprints = fingerprints
        self._audiences = audiences

    async def link(self, user_id: int, asked: LinkChat) -> LinkView:
        """Raise TelegramOff, and with a code LinkUnknown, LinkExpired, LinkUsed."""
        if asked.code is not None:
            return LinkView(chat=await self._redeem(user_id, asked.code, asked.role))
        token = ids.new_token(24)
        async with self._database.begin() as connection:
            bot = await repository.bot_name(connection)
            if bot is None:
                raise TelegramOff("no Telegram bot runs here: the operator gives its token first")
            expires_at = await repository.add_link(
                connection,
                LIFE,
                secret_hash=self._hash(token),
                user_id=user_id,
                role=asked.role,
            )
        # The token is shown once, here: what is kept of it leads back to nothing.
        url = f"https://t.me/{bot}?start={token}"
        return LinkView(url=url, command=f"/start {token}", expires_at=expires_at)

    async def accept(self, said: SaidChat, token: str) -> Role:
        """The chat shows a token: it joins whoever made it. Raise LinkUnknown and so on."""
        async with self._database.begin() as connection:
            link = await self._taken(connection, token)
            if link.user_id is None:
                raise LinkUnknown("this link is none of ours")
            role = await _join(connection, link.user_id, said, link.role, greet=False)
        await self._audiences.changed(link.user_id)
        return role

    async def code_for(self, said: SaidChat) -> str:
        """For a chat that belongs to nobody yet, to be entered where its person is signed in."""
        code = ids.new_code()
        async with self._database.begin() as connection:
            await repository.add_link(
                connection,
                LIFE,
                secret_hash=self._hash(code),
                role=Role.OPERATOR,
                chat_id=said.id,
                chat_kind=said.type,
                chat_name=said.name,
            )
        return f"{code[:4]}-{code[4:]}"

    async def chats(self, user_id: int) -> Sequence[ChatView]:
        async with self._database.reading() as connection:
            found = await repository.chats_of(connection, user_id)
        return [ChatView.model_validate(each) for each in found]

    async def unlink(self, user_id: int, chat_id: int) -> None:
        """Raise ChatNotFound. If it was the one that is told, nothing more is told there."""
        async with self._database.begin() as connection:
            if not await repository.remove_chat(connection, user_id, chat_id):
                raise ChatNotFound("there is no such chat")
            settings = await notifications.get_settings(connection, user_id)
            if settings.telegram_chat_id == chat_id:
                off = NotificationSettings(telegram_enabled=False, telegram_chat_id=None)
                await notifications.put_settings(connection, user_id, off)
            await users.audit(connection, user_id, "telegram_unlinked", f"chat:{chat_id}")
        await self._audiences.changed(user_id)

    async def move(self, old: int, new: int) -> None:
        """A group has become a supergroup, under another number."""
        async with self._database.begin() as connection:
            await repository.move_chat(connection, old, new)

    async def _redeem(self, user_id: int, code: str, role: Role) -> ChatView:
        typed = "".join(letter for letter in code.upper() if letter.isalnum())
        async with self._database.begin() as connection:
            link = await self._taken(connection, typed)
            if link.chat_id is None:
                raise LinkUnknown("there is no such code: /start gives one", field="code")
            kind, name = link.chat_kind or PRIVATE, link.chat_name or ""
            said = SaidChat(id=link.chat_id, type=kind, title=name, first_name=name)
            await _join(connection, user_id, said, role, greet=True)
            found = await repository.chats_of(connection, user_id)
        await self._audiences.changed(user_id)
        return next(ChatView.model_validate(each) for each in found if each.id == link.chat_id)

    async def _taken(self, connection: Connection, secret: str) -> Link:
        link = await repository.lock_link(connection, self._fingerprints(secret))
        if link is None:
            raise LinkUnknown("there is no such link or code", field="code")
        if link.used:
            raise LinkUsed("it has been used already: make a new one", field="code")
        if link.expired:
            raise LinkExpired("it has expired: make a new one", field="code")
        await repository.use_link(connection, link.id)
        return link

    def _hash(self, secret: str) -> str:
        return self._fingerprints(secret)[0]


async def _join(
    connection: Connection, user_id: int, said: SaidChat, role: str, *, greet: bool
) -> Role:
    """`greet`: nobody answers in the chat, so it is to be told there."""
    # In a group anybody may press a button: there everybody only sees.
    granted = Role(role) if said.type == PRIVATE else Role.VIEWER
    chat = {"id": said.id, "kind": said.type, "name": said.name, "role": granted}
    await repository.put_chat(connection, greet=greet, user_id=user_id, **chat)
    await repository.silence_others(connection, user_id, said.id)
    settings = await notifications.get_settings(connection, user_id)
    if granted is Role.OPERATOR or settings.telegram_chat_id is None:
        told = NotificationSettings(telegram_enabled=True, telegram_chat_id=said.id)
        await notifications.put_settings(connection, user_id, told)
        await repository.introduce(connection, user_id, said.name, granted)
    await users.audit(connection, user_id, "telegram_linked", f"chat:{said.id}", role=granted)
    return granted
