"""Every query on chats, the ways to join them, and what was said in them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from tradingbot.kit.database import Connection
from tradingbot.kit.lease import alive
from tradingbot.notifications.models import notification_settings
from tradingbot.telegram.models import (
    telegram_bots,
    telegram_chats,
    telegram_links,
    telegram_updates,
)
from tradingbot.users.models import users

# An expired one is remembered for a while, to be told from one that never was.
REMEMBERED = timedelta(days=1)
UPDATES_KEPT = timedelta(days=2)
# Later than that nobody waits for it.
GREETED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as one who asks; `language` is the one to answer in."""

    id: int
    user_id: int
    kind: str
    name: str
    role: str
    language: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    id: int
    user_id: int | None
    role: str
    chat_id: int | None
    chat_kind: str | None
    chat_name: str | None
    expired: bool
    used: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that is ours to handle, as long as we live and until its hold ends."""

    update_id: int
    attempts: int
    body: dict[str, Any]


_LANGUAGE = func.coalesce(telegram_chats.c.language, notification_settings.c.language, "en")
_CHATS = select(
    telegram_chats.c.id,
    telegram_chats.c.user_id,
    telegram_chats.c.kind,
    telegram_chats.c.name,
    telegram_chats.c.role,
    _LANGUAGE,
    telegram_chats.c.linked_at,
).select_from(
    telegram_chats.join(users).outerjoin(
        notification_settings, notification_settings.c.user_id == telegram_chats.c.user_id
    )
)


async def chat(connection: Connection, chat_id: int) -> Chat | None:
    """None when it belongs to nobody, or to somebody who was shut out."""
    query = _CHATS.where(telegram_chats.c.id == chat_id, users.c.is_active)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Chat(*row)


async def chats_of(connection: Connection, user_id: int) -> Sequence[Chat]:
    query = _CHATS.where(telegram_chats.c.user_id == user_id).order_by(telegram_chats.c.linked_at)
    return [Chat(*row) for row in await connection.execute(query)]


async def put_chat(connection: Connection, *, greet: bool, **values: object) -> None:
    """A chat belongs to whom it joined last. `greet`: it is yet to be told there."""
    values["greet_at"] = func.now() if greet else None
    new = insert(telegram_chats).values(values)
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=["id"], set_={**values, "language": None, "linked_at": func.now()}
        )
    )


async def claim_greeting(connection: Connection, hold: timedelta) -> Chat | None:
    """A chat that is yet to be told whom it joined: for so long nobody else's to tell."""
    table = telegram_chats.c
    due = (
        select(table.id)
        .where(table.greet_at <= func.now(), table.linked_at > func.now() - GREETED_WITHIN)
        .order_by(table.greet_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    taken = update(telegram_chats).where(table.id == due.scalar_subquery())
    later = taken.values(greet_at=func.now() + hold).returning(table.id)
    chat_id = (await connection.execute(later)).scalar_one_or_none()
    return None if chat_id is None else await chat(connection, chat_id)


async def put_off_greeting(connection: Connection, chat_id: int, seconds: float) -> None:
    await connection.execute(
        update(telegram_chats)
        .where(telegram_chats.c.id == chat_id)
        .values(greet_at=func.now() + timedelta(seconds=seconds))
    )


async def mark_greeted(connection: Connection, chat_id: int) -> None:
    await connection.execute(
        update(telegram_chats).where(telegram_chats.c.id == chat_id).values(greet_at=None)
    )


async def introduce(connection: Connection, user_id: int, name: str, role: str) -> None:
    """Who is told, as the settings show it; why it was off before is no longer so."""
    await connection.execute(
        update(notification_settings)
        .where(notification_settings.c.user_id == user_id)
        .values(
            telegram_username=name,
            telegram_role=role,
            notes=notification_settings.c.notes.op("-")("telegram"),
        )
    )


async def silence_others(connection: Connection, user_id: int, chat_id: int) -> None:
    """Whoever had the chat before must not be told of there any more."""
    theirs = notification_settings.c.user_id != user_id
    await connection.execute(
        update(notification_settings)
        .where(notification_settings.c.telegram_chat_id == chat_id, theirs)
        .values(telegram_enabled=False, telegram_chat_id=None)
    )


async def remove_chat(connection: Connection, user_id: int, chat_id: int) -> bool:
    """Whether there was one."""
    gone = await connection.execute(
        delete(telegram_chats).where(
            telegram_chats.c.user_id == user_id, telegram_chats.c.id == chat_id
        )
    )
    return bool(gone.rowcount)


async def set_language(connection: Connection, chat_id: int, language: str) -> None:
    await connection.execute(
        update(telegram_chats).where(telegram_chats.c.id == chat_id).values(language=language)
    )


async def move_chat(connection: Connection, old: int, new: int) -> None:
    """A group has become a supergroup, under another number."""
    there = exists().where(telegram_chats.c.id == new)
    await connection.execute(
        update(telegram_chats).where(telegram_chats.c.id == old, ~there).values(id=new)
    )
    await connection.execute(
        update(notification_settings)
        .where(notification_settings.c.telegram_chat_id == old)
        .values(telegram_chat_id=new)
    )


async def add_link(connection: Connection, life: timedelta, **values: object) -> datetime:
    """When it expires."""
    await connection.execute(
        delete(telegram_links).where(telegram_links.c.expires_at < func.now() - REMEMBERED)
    )
    added = insert(telegram_links).values(expires_at=func.now() + life, **values)
    expires_at: datetime = (
        await connection.execute(added.returning(telegram_links.c.expires_at))
    ).scalar_one()
    return expires_at


async def lock_link(connection: Connection, secret_hashes: Sequence[str]) -> Link | None:
    query = select(
        telegram_links.c.id,
        telegram_links.c.user_id,
        telegram_links.c.role,
        telegram_links.c.chat_id,
        telegram_links.c.chat_kind,
        telegram_links.c.chat_name,
        telegram_links.c.expires_at < func.now(),
        telegram_links.c.used_at.is_not(None),
    ).where(telegram_links.c.secret_hash.in_(secret_hashes))
    row = (await connection.execute(query.with_for_update())).one_or_none()
    return None if row is None else Link(*row)


async def use_link(connection: Connection, link_id: int) -> None:
    await connection.execute(
        update(telegram_links).where(telegram_links.c.id == link_id).values(used_at=func.now())
    )


async def bot_name(connection: Connection) -> str | None:
    """Of the bot that answered last; None: none ever did."""
    query = select(telegram_bots.c.username).order_by(telegram_bots.c.fence.desc()).limit(1)
    return (await connection.execute(query)).scalar_one_or_none()


async def put_bot(connection: Connection, bot_id: int, username: str) -> None:
    new = insert(telegram_bots).values(id=bot_id, username=username)
    await connection.execute(
        new.on_conflict_do_update(index_elements=["id"], set_={"username": username})
    )


async def take_polling(connection: Connection, bot_id: int, worker_id: str) -> int | None:
    """The fence under which we ask for updates; None while another living worker does."""
    mine = telegram_bots.c.poller_id == worker_id
    free = or_(telegram_bots.c.poller_id.is_(None), telegram_bots.c.poller_id.not_in(alive()))
    taken = await connection.execute(
        update(telegram_bots)
        .where(telegram_bots.c.id == bot_id, or_(mine, free))
        .values(poller_id=worker_id, fence=telegram_bots.c.fence + 1)
        .returning(telegram_bots.c.fence)
    )
    fence: int | None = taken.scalar_one_or_none()
    return fence


async def holds_polling(connection: Connection, bot_id: int, worker_id: str, fence: int) -> bool:
    query = select(telegram_bots.c.id).where(
        telegram_bots.c.id == bot_id,
        telegram_bots.c.poller_id == worker_id,
        telegram_bots.c.fence == fence,
    )
    return (await connection.execute(query.with_for_update())).first() is not None


async def keep_updates(
    connection: Connection, bot_id: int, updates: Sequence[Mapping[str, Any]]
) -> None:
    """Each once, however often it comes: `update_id`, `chat_id`, `body`."""
    if updates:
        rows = [{"bot_id": bot_id, **each} for each in updates]
        await connection.execute(insert(telegram_updates).values(rows).on_conflict_do_nothing())


async def claim_update(
    connection: Connection, bot_id: int, worker_id: str, at_it: Collection[int], hold: timedelta
) -> Waiting | None:
    """The oldest that waits, of a chat nobody is busy with: one chat's are handled in order.

    `at_it`: what this worker is busy with. Anything else it held, it has let fall.
    """
    table, before = telegram_updates, telegram_updates.alias("before")
    in_order = ~exists().where(
        before.c.bot_id == table.c.bot_id,
        before.c.chat_id == table.c.chat_id,
        before.c.handled_at.is_(None),
        before.c.update_id < table.c.update_id,
    )
    let_fall = and_(table.c.holder_id == worker_id, table.c.update_id.not_in(at_it))
    free = or_(table.c.next_attempt_at <= func.now(), table.c.holder_id.not_in(alive()), let_fall)
    due = (
        select(table.c.update_id)
        .where(table.c.bot_id == bot_id, table.c.handled_at.is_(None), free, in_order)
        .order_by(table.c.update_id)
        .limit(1)
        .with_for_update(skip_locked=True, of=table)
    )
    held = {"holder_id": worker_id, "next_attempt_at": func.now() + hold}
    row = (
        await connection.execute(
            update(table)
            .where(table.c.bot_id == bot_id, table.c.update_id == due.scalar_subquery())
            .values(attempts=table.c.attempts + 1, **held)
            .returning(table.c.update_id, table.c.attempts, table.c.body)
        )
    ).one_or_none()
    return None if row is None else Waiting(*row)


async def put_off_update(
    connection: Connection, bot_id: int, update_id: int, seconds: float
) -> None:
    later = func.now() + timedelta(seconds=seconds)
    await _settle(connection, bot_id, update_id, next_attempt_at=later, holder_id=None)


async def mark_handled(connection: Connection, bot_id: int, update_id: int) -> None:
    await _settle(connection, bot_id, update_id, handled_at=func.now())


async def forget_handled(connection: Connection) -> None:
    await connection.execute(
        delete(telegram_updates).where(telegram_updates.c.handled_at < func.now() - UPDATES_KEPT)
    )


async def _settle(connection: Connection, bot_id: int, update_id: int, **values: object) -> None:
    table = telegram_updates
    await connection.execute(
        update(table)
        .where(and_(table.c.bot_id == bot_id, table.c.update_id == update_id))
        .values(**values)
    )
