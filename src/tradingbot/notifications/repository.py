"""Every query on settings, notifications and deliveries; what a user asks for starts from him."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Text, any_, cast, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from tradingbot.events.schemas import EventType
from tradingbot.kit.database import Connection
from tradingbot.notifications.models import deliveries, notification_settings, notifications
from tradingbot.notifications.schemas import EVERY_EVENT, NotificationSettings, SettingsView
from tradingbot.users.models import users

FIELDS = tuple(notification_settings.c[name] for name in SettingsView.model_fields)


@dataclass(frozen=True, slots=True)
class Audience:
    """A user as one to be told something."""

    is_active: bool
    settings: SettingsView


@dataclass(frozen=True, slots=True)
class Told:
    """A notification with what became of its deliveries."""

    id: int
    event_type: str
    data: dict[str, Any]
    created_at: datetime
    deliveries: list[dict[str, Any]] = field(default_factory=list)


async def settings_of(connection: Connection, user_id: int, *, lock: bool = False) -> SettingsView:
    """Made from the defaults when there are none: e-mail is off, its address the user's own."""
    query = select(*FIELDS).where(notification_settings.c.user_id == user_id)
    query = query.with_for_update() if lock else query
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        await connection.execute(_defaults(user_id))
        row = (await connection.execute(query)).one()
    return _settings(row)


async def save_settings(connection: Connection, user_id: int, settings: SettingsView) -> None:
    await connection.execute(
        update(notification_settings)
        .where(notification_settings.c.user_id == user_id)
        .values(
            **_columns(settings),
            email_verified_at=settings.email_verified_at,
            notes=settings.notes,
            updated_at=func.now(),
        )
    )


async def audience(connection: Connection, user_id: int) -> Audience | None:
    """None: there is no such user."""
    joined = users.outerjoin(notification_settings)
    query = select(users.c.is_active, notification_settings.c.user_id, *FIELDS)
    row = (
        await connection.execute(query.select_from(joined).where(users.c.id == user_id))
    ).one_or_none()
    if row is None:
        return None
    chosen = row.user_id is not None
    return Audience(row.is_active, _settings(row) if chosen else SettingsView())


async def known_sources(connection: Connection, source_ids: Sequence[str]) -> set[str]:
    """Those of them that a notification was made of."""
    # One array: a day's events are more than the parameters a statement may have.
    asked = any_(cast(list(source_ids), ARRAY(Text)))
    query = select(notifications.c.source_id).where(notifications.c.source_id == asked)
    return set((await connection.execute(query)).scalars())


async def add(
    connection: Connection,
    *,
    user_id: int,
    source_id: str,
    event_type: str,
    data: Mapping[str, Any],
    channels: Sequence[str],
) -> dict[str, int]:
    """The new deliveries' ids by channel; none when this source was told already."""
    values = {"user_id": user_id, "source_id": source_id, "event_type": event_type, "data": data}
    notification_id = (
        await connection.execute(
            insert(notifications)
            .values(values)
            .on_conflict_do_nothing(index_elements=["source_id"])
            .returning(notifications.c.id)
        )
    ).scalar_one_or_none()
    if notification_id is None or not channels:
        return {}
    rows = await connection.execute(
        insert(deliveries)
        .values([{"notification_id": notification_id, "channel": name} for name in channels])
        .returning(deliveries.c.channel, deliveries.c.id)
    )
    return {row.channel: row.id for row in rows}


async def add_test(connection: Connection, user_id: int, source_id: str, channel: str) -> int:
    """The one delivery's id."""
    new = await add(
        connection,
        user_id=user_id,
        source_id=source_id,
        event_type="test",
        data={"channel": channel},
        channels=[channel],
    )
    return new[channel]


async def delivery(connection: Connection, delivery_id: int) -> Row[*tuple[Any, ...]]:
    columns = deliveries.c
    query = select(
        columns.notification_id, columns.status, columns.error, columns.reference, columns.words
    )
    return (await connection.execute(query.where(columns.id == delivery_id))).one()


async def revive(connection: Connection, user_id: int, notification_id: int) -> dict[str, int]:
    """Its dead deliveries are due again, as if never tried; their ids by channel."""
    theirs = select(notifications.c.id).where(
        notifications.c.user_id == user_id, notifications.c.id == notification_id
    )
    rows = await connection.execute(
        update(deliveries)
        .where(deliveries.c.notification_id.in_(theirs), deliveries.c.status == "dead")
        .values(status="pending", attempts=0, next_attempt_at=func.now(), held_until=None)
        .returning(deliveries.c.channel, deliveries.c.id)
    )
    return {row.channel: row.id for row in rows}


async def exists(connection: Connection, user_id: int, notification_id: int) -> bool:
    query = select(notifications.c.id).where(
        notifications.c.user_id == user_id, notifications.c.id == notification_id
    )
    return (await connection.execute(query)).first() is not None


async def wake(connection: Connection, user_id: int) -> None:
    """What waits and was never tried is looked at again, under what was just chosen."""
    theirs = select(notifications.c.id).where(notifications.c.user_id == user_id)
    await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.status == "pending",
            deliveries.c.attempts == 0,
            deliveries.c.next_attempt_at > func.now(),
            deliveries.c.notification_id.in_(theirs),
        )
        .values(next_attempt_at=func.now())
    )


async def sealed_secret(connection: Connection, user_id: int) -> str | None:
    secret = notification_settings.c.webhook_secret_encrypted
    query = select(secret).where(notification_settings.c.user_id == user_id)
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def save_sealed_secret(connection: Connection, user_id: int, sealed: str) -> None:
    await connection.execute(
        update(notification_settings)
        .where(notification_settings.c.user_id == user_id)
        .values(webhook_secret_encrypted=sealed)
    )


async def lock_every_secret(connection: Connection) -> dict[int, str]:
    secret = notification_settings.c.webhook_secret_encrypted
    query = select(notification_settings.c.user_id, secret).where(secret.is_not(None))
    rows = await connection.execute(query.with_for_update())
    return {row.user_id: row.webhook_secret_encrypted for row in rows}


async def history(
    connection: Connection, user_id: int, before: int, limit: int, status: str | None = None
) -> Sequence[Told]:
    """`status`: only what a channel has in that state."""
    query = (
        select(
            notifications.c.id,
            notifications.c.event_type,
            notifications.c.data,
            notifications.c.created_at,
        )
        .where(notifications.c.user_id == user_id, notifications.c.id < before)
        .order_by(notifications.c.id.desc())
        .limit(limit)
    )
    if status is not None:
        in_state = select(deliveries.c.notification_id).where(deliveries.c.status == status)
        query = query.where(notifications.c.id.in_(in_state))
    told = {row.id: Told(*row) for row in await connection.execute(query)}
    for delivery in await _deliveries_of(connection, list(told)):
        facts = dict(delivery._mapping)  # noqa: SLF001  # the documented way from a row to a dict
        told[facts.pop("notification_id")].deliveries.append(facts)
    return list(told.values())


def _settings(row: Row[*tuple[Any, ...]]) -> SettingsView:
    """What was checked when it was saved is not checked again: rules change, rows stay."""
    values = {column.name: getattr(row, column.name) for column in FIELDS}
    known = [EventType(name) for name in values["enabled_events"] if name in EVERY_EVENT]
    return SettingsView.model_construct(**values | {"enabled_events": known})


def _columns(settings: NotificationSettings) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in NotificationSettings.model_fields}
    return values | {"enabled_events": list(map(str, settings.enabled_events))}


def _defaults(user_id: int) -> Any:
    chosen = NotificationSettings()
    names = ["user_id", "email_address", "enabled_events"]
    theirs = select(users.c.id, users.c.email, literal(list(map(str, chosen.enabled_events))))
    table = insert(notification_settings).from_select(names, theirs.where(users.c.id == user_id))
    return table.on_conflict_do_nothing()


async def _deliveries_of(
    connection: Connection, notification_ids: Sequence[int]
) -> Sequence[Row[*tuple[object, ...]]]:
    query = (
        select(
            deliveries.c.notification_id,
            deliveries.c.channel,
            deliveries.c.status,
            deliveries.c.attempts,
            deliveries.c.error,
            deliveries.c.reference,
            deliveries.c.words,
            deliveries.c.next_attempt_at,
            deliveries.c.sent_at,
        )
        .where(deliveries.c.notification_id.in_(notification_ids))
        .order_by(deliveries.c.id)
    )
    return (await connection.execute(query)).all()
