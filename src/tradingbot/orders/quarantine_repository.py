"""Every query on what cannot be right, and on accounts held for it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Integer,
    Text,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from tradingbot.exchanges.models import exchange_accounts
from tradingbot.kit.statement import Driver, Row, Statement
from tradingbot.orders.models import quarantine


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One row of `quarantine`; `what` is JSON."""

    id: int
    account_id: int
    kind: str
    subject: str
    what: str
    why: str
    times: int
    created_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose account it is, and what its owner calls it."""

    user_id: int
    name: str
    exchange: str
    held_reason: str | None


ROW = tuple(quarantine.c[field.name] for field in fields(Quarantined))
account = exchange_accounts.c
UNRESOLVED = quarantine.c.resolved_at.is_(None)
OF_ACCOUNT = quarantine.c.account_id == bindparam("account_id", type_=BigInteger)
SAME_KIND = and_(OF_ACCOUNT, quarantine.c.kind == bindparam("kind", type_=Text), UNRESOLVED)

_WHAT: dict[str, BindParameter[Any]] = {
    "account_id": bindparam("account_id", type_=BigInteger),
    **{name: bindparam(name, type_=Text) for name in ("kind", "subject", "what", "why")},
}
_COUNT = select(func.count()).where(SAME_KIND).scalar_subquery()
_NEW = insert(quarantine).from_select(
    list(_WHAT),
    select(*_WHAT.values()).where(bindparam("most", type_=Integer) > _COUNT),
)
PUT = Statement(
    _NEW.on_conflict_do_update(
        index_elements=["account_id", "kind", "subject"],
        index_where=UNRESOLVED,
        set_={"times": quarantine.c.times + literal_column("1")},
    ).returning(quarantine.c.id, quarantine.c.times)
)
TOLD_LATELY = Statement(
    select(func.count()).where(
        OF_ACCOUNT,
        quarantine.c.kind == bindparam("kind"),
        quarantine.c.subject != bindparam("subject"),
        quarantine.c.created_at > func.now() - text("interval '1 minute'"),
    )
)
IS_ABOUT = Statement(
    select(func.count()).where(OF_ACCOUNT, quarantine.c.subject == bindparam("subject"), UNRESOLVED)
)
SUBJECTS = Statement(
    select(quarantine.c.subject).where(
        OF_ACCOUNT,
        text("quarantine.subject = ANY(CAST(:subjects AS text[]))"),
    )
)
OWNER = Statement(
    select(account.user_id, account.name, account.exchange, account.held_reason).where(
        account.id == bindparam("id")
    )
)
LOCK_OWNED = Statement(
    select(account.user_id, account.name, account.exchange, account.held_reason)
    .where(
        account.id == bindparam("id"),
        account.user_id == bindparam("user_id"),
        account.api_key_encrypted != text("''"),
    )
    .with_for_update()
)
HOLD = Statement(
    update(exchange_accounts)
    .where(account.id == bindparam("id"))
    .values(
        held_since=func.coalesce(account.held_since, func.now()),
        held_reason=func.coalesce(account.held_reason, bindparam("reason", type_=Text)),
    )
)
RELEASE = Statement(
    update(exchange_accounts)
    .where(account.id == bindparam("id"))
    .values(held_since=None, held_reason=None)
)
RESOLVE = Statement(
    update(quarantine)
    .where(OF_ACCOUNT, UNRESOLVED)
    .values(resolved_at=func.now())
    .returning(quarantine.c.id)
)
UNRESOLVED_OF_KIND = Statement(select(*ROW).where(SAME_KIND).order_by(quarantine.c.id))
PAGE = Statement(
    select(*ROW)
    .where(
        OF_ACCOUNT,
        quarantine.c.id < bindparam("before"),
        exists().where(
            account.id == bindparam("account_id", type_=BigInteger),
            account.user_id == bindparam("user_id"),
        ),
    )
    .order_by(quarantine.c.id.desc())
    .limit(bindparam("count", type_=Integer))
)


async def put(
    driver: Driver, account_id: int, kind: str, subject: str, *, what: str, why: str, most: int
) -> int:
    """How often this has been put there by now; 0 when `most` of its kind are unresolved."""
    told = {"kind": kind, "subject": subject, "what": what, "why": why}
    row = await PUT.row(driver, account_id=account_id, most=most, **told)
    return 0 if row is None else int(row["times"])


async def told_lately(driver: Driver, account_id: int, kind: str, subject: str) -> bool:
    """Whether something else of its kind was put there within the minute."""
    values = {"account_id": account_id, "kind": kind, "subject": subject}
    return await TOLD_LATELY.number(driver, **values) > 0


async def is_about(driver: Driver, account_id: int, subject: str) -> bool:
    """Whether something unresolved is about this."""
    return await IS_ABOUT.number(driver, account_id=account_id, subject=subject) > 0


async def subjects(driver: Driver, account_id: int, among: Sequence[str]) -> frozenset[str]:
    """Those of them that were ever put there, looked at since or not."""
    rows = await SUBJECTS.rows(driver, account_id=account_id, subjects=list(among))
    return frozenset(row["subject"] for row in rows)


async def owner(driver: Driver, account_id: int) -> Owner:
    row = await OWNER.row(driver, id=account_id)
    assert row is not None
    return Owner(**dict(row.items()))


async def lock_owned(driver: Driver, user_id: int, account_id: int) -> Owner | None:
    row = await LOCK_OWNED.row(driver, id=account_id, user_id=user_id)
    return None if row is None else Owner(**dict(row.items()))


async def hold(driver: Driver, account_id: int, reason: str) -> None:
    """From now on, and for the first reason given."""
    await HOLD.run(driver, id=account_id, reason=reason)


async def release(driver: Driver, account_id: int) -> int:
    """Let it trade again; how many things are thereby seen to."""
    await RELEASE.run(driver, id=account_id)
    return len(await RESOLVE.rows(driver, account_id=account_id))


async def unresolved(driver: Driver, account_id: int, kind: str) -> list[Quarantined]:
    rows = await UNRESOLVED_OF_KIND.rows(driver, account_id=account_id, kind=kind)
    return [_quarantined(row) for row in rows]


async def page(
    driver: Driver, user_id: int, account_id: int, before: int, limit: int
) -> list[Quarantined]:
    """The newest first; none of an account that is somebody else's."""
    values: dict[str, Any] = {"before": before, "count": limit}
    rows = await PAGE.rows(driver, user_id=user_id, account_id=account_id, **values)
    return [_quarantined(row) for row in rows]


def _quarantined(row: Row) -> Quarantined:
    return Quarantined(**dict(row.items()))
