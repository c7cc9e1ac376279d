"""Every query of a courier: what is due to one person, and what became of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    distinct,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver, Statement
from tradingbot.notifications import repository
from tradingbot.notifications.channels import EACH
from tradingbot.notifications.models import deliveries, notification_settings, notifications
from tradingbot.notifications.ports import Receipt
from tradingbot.notifications.sheaf import OWN_REASONS, Held, Sheaf

MINUTE = timedelta(minutes=1)
# More than that is told in the next digest.
SHEAF_MAX = 1000

_FREE = or_(deliveries.c.held_until.is_(None), deliveries.c.held_until <= func.now())
_DUE = deliveries.c.next_attempt_at <= func.now()
_BY_NUMBER = notifications.c.id == deliveries.c.notification_id

# Until it is done, whoever dies has the message sent again: one round trip and no more.
_SENT = Statement(
    update(deliveries)
    .where(
        deliveries.c.id == any_(bindparam("delivery_ids", type_=ARRAY(BigInteger))),
        deliveries.c.status == "pending",
    )
    .values(
        status="sent",
        sent_at=func.now(),
        held_until=None,
        error=None,
        reference=bindparam("reference", type_=Text),
        words=bindparam("words", type_=Text),
    )
)


async def claim(
    connection: Connection, channel: str, hold: timedelta, delivery_id: int | None = None
) -> Sheaf | None:
    """Everything due to the person whose delivery has been due longest, or to this one's.

    Each is counted as tried once more, and nobody else's for `hold`; whoever dies with it in hand
    leaves it to others after that.
    """
    user_id = await _whose(connection, channel, delivery_id)
    held = [] if user_id is None else await _take(connection, channel, user_id, hold)
    if user_id is None or not held:
        return None
    audience = await repository.audience(connection, user_id)
    assert audience is not None, "a notification goes with its user"
    paced = channel not in EACH
    sent, first, now = await _lately(connection, channel, user_id if paced else None)
    return Sheaf(channel, user_id, audience.settings, now, sent, first, tuple(held))


async def hold_on(connection: Connection, delivery_ids: Sequence[int], hold: timedelta) -> None:
    """They are in hand for longer."""
    await _settle(connection, delivery_ids, held_until=func.now() + hold)


async def mark_sent(driver: Driver, delivery_ids: Sequence[int], receipt: Receipt) -> None:
    """All of them by one message."""
    given = {"reference": receipt.reference or None, "words": receipt.words or None}
    await _SENT.run(driver, delivery_ids=list(delivery_ids), **given)


async def mark_dead(connection: Connection, delivery_ids: Sequence[int], error: str) -> None:
    await _settle(connection, delivery_ids, status="dead", held_until=None, error=error)


async def put_off(
    connection: Connection, delivery_ids: Sequence[int], error: str | None, pause: timedelta
) -> None:
    later = func.now() + pause
    await _settle(connection, delivery_ids, next_attempt_at=later, held_until=None, error=error)


async def give_back(
    connection: Connection,
    delivery_ids: Sequence[int],
    error: str | None,
    until: datetime | timedelta,
) -> None:
    """Put off without having been tried; `until` then, or for so long from now."""
    later = until if isinstance(until, datetime) else func.now() + until
    untried = case((deliveries.c.attempts > 0, deliveries.c.attempts - 1), else_=0)
    await _settle(
        connection,
        delivery_ids,
        next_attempt_at=later,
        held_until=None,
        attempts=untried,
        error=func.coalesce(error, deliveries.c.error),
    )


async def switch_off(connection: Connection, user_id: int, channel: str, note: str) -> bool:
    """Whether it was on. What waits for it is dead with it."""
    switch = notification_settings.c[f"{channel}_enabled"]
    off = await connection.execute(
        update(notification_settings)
        .where(notification_settings.c.user_id == user_id, switch)
        .values(
            {
                switch: False,
                notification_settings.c.notes: notification_settings.c.notes.op("||")(
                    func.jsonb_build_object(channel, note)
                ),
                notification_settings.c.updated_at: func.now(),
            }
        )
    )
    theirs = select(notifications.c.id).where(notifications.c.user_id == user_id)
    await connection.execute(
        update(deliveries)
        .where(_pending(channel), deliveries.c.notification_id.in_(theirs))
        .values(status="dead", held_until=None, error=note)
    )
    return off.rowcount == 1


def _pending(channel: str) -> ColumnElement[bool]:
    return and_(deliveries.c.channel == channel, deliveries.c.status == "pending")


async def _whose(connection: Connection, channel: str, delivery_id: int | None) -> int | None:
    due = (
        select(notifications.c.user_id)
        .select_from(deliveries.join(notifications, _BY_NUMBER))
        .where(_pending(channel), _DUE, _FREE, notifications.c.user_id.not_in(_resting(channel)))
        .order_by(deliveries.c.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    if delivery_id is not None:
        due = due.where(deliveries.c.id == delivery_id)
    user_id: int | None = (await connection.execute(due)).scalar_one_or_none()
    return user_id


def _resting(channel: str) -> Select[tuple[int]]:
    """Whose channel failed, or said later: what is new waits with what was tried."""
    tried, told = deliveries.alias("tried"), notifications.alias("told")
    return (
        select(told.c.user_id)
        .select_from(tried.join(told, told.c.id == tried.c.notification_id))
        .where(
            tried.c.channel == channel,
            tried.c.status == "pending",
            tried.c.next_attempt_at > func.now(),
            tried.c.error.is_not(None),
            tried.c.error.not_in(OWN_REASONS),
        )
    )


async def _take(connection: Connection, channel: str, user_id: int, hold: timedelta) -> list[Held]:
    theirs = (
        select(deliveries.c.id)
        .select_from(deliveries.join(notifications, _BY_NUMBER))
        .where(_pending(channel), _DUE, _FREE, notifications.c.user_id == user_id)
        .order_by(deliveries.c.id)
        .limit(SHEAF_MAX)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    taken = (
        update(deliveries)
        .where(deliveries.c.id.in_(theirs))
        .values(attempts=deliveries.c.attempts + 1, held_until=func.now() + hold)
        .returning(deliveries.c.id, deliveries.c.attempts, deliveries.c.notification_id)
        .cte("taken")
    )
    query = (
        select(
            taken.c.id,
            taken.c.attempts,
            notifications.c.event_type,
            notifications.c.data,
            notifications.c.created_at,
        )
        .select_from(taken.join(notifications, notifications.c.id == taken.c.notification_id))
        # What failed most often goes last: it keeps nothing else waiting.
        .order_by(taken.c.attempts, taken.c.id)
    )
    return [Held(*row) for row in await connection.execute(query)]


async def _lately(
    connection: Connection, channel: str, user_id: int | None
) -> tuple[int, datetime | None, datetime]:
    """How many messages the last minute had, when the first of them went, and the time now."""
    if user_id is None:
        return 0, None, (await connection.execute(select(func.now()))).scalar_one()
    # One message tells of all deliveries that were noted in one moment.
    query = (
        select(
            func.count(distinct(deliveries.c.sent_at)), func.min(deliveries.c.sent_at), func.now()
        )
        .select_from(deliveries.join(notifications, _BY_NUMBER))
        .where(
            deliveries.c.channel == channel,
            deliveries.c.sent_at > func.now() - MINUTE,
            notifications.c.user_id == user_id,
        )
    )
    sent, first, now = (await connection.execute(query)).one()
    return sent, first, now


async def _settle(connection: Connection, delivery_ids: Sequence[int], **values: object) -> None:
    # What was settled meanwhile, by whoever had it in hand before us, stays so.
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(delivery_ids), deliveries.c.status == "pending")
        .values(**values)
    )
