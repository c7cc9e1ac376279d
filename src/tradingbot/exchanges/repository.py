"""Every query on exchange accounts, always for one owner."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from tradingbot.exchanges.errors import AccountNotFound
from tradingbot.exchanges.models import exchange_accounts
from tradingbot.exchanges.ports import Credentials, Mode
from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver, Statement

table = exchange_accounts.c
# A removed account stays for the history of its orders; its keys do not.
PRESENT = table.api_key_encrypted != ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account without its keys."""

    id: int
    exchange: str
    mode: Mode
    name: str
    api_key_hint: str
    created_at: datetime
    held_since: datetime | None
    held_reason: str | None


@dataclass(frozen=True, slots=True)
class SealedKeys:
    """Both keys as they are kept, and what finds them again."""

    api_key: str
    api_secret: str
    hint: str
    fingerprint: str
    old_fingerprints: tuple[str, ...] = ()


ROW = tuple(table[field.name] for field in fields(Account))
SEALED = (
    table.id,
    table.exchange,
    table.mode,
    table.api_key_encrypted,
    table.api_secret_encrypted,
)
SEALED_BY_ID = Statement(select(*SEALED).where(table.id == bindparam("id"), PRESENT))


async def of_user(
    connection: Connection, user_id: int, before: int, limit: int
) -> Sequence[Account]:
    query = select(*ROW).where(table.user_id == user_id, PRESENT, table.id < before)
    rows = await connection.execute(query.order_by(table.id.desc()).limit(limit))
    return [_account(row) for row in rows]


async def owned(connection: Connection, user_id: int, account_id: int) -> Account | None:
    rows = await connection.execute(select(*ROW).where(_owned(user_id, account_id)))
    return _first(rows.one_or_none())


async def lock(connection: Connection, user_id: int, account_id: int) -> Account | None:
    """The account, which cannot go away before this transaction ends."""
    query = select(*ROW).where(_owned(user_id, account_id))
    return _first((await connection.execute(query.with_for_update(key_share=True))).one_or_none())


async def credentials(driver: Driver, account_id: int) -> Credentials:
    """Its keys, still sealed, whoever's it is: for those that trade. Raises AccountNotFound."""
    row = await SEALED_BY_ID.row(driver, id=account_id)
    if row is None:
        raise AccountNotFound(f"there is no account {account_id}")
    return Credentials(
        account_id=row["id"],
        exchange=row["exchange"],
        mode=Mode(row["mode"]),
        api_key_sealed=row["api_key_encrypted"],
        api_secret_sealed=row["api_secret_encrypted"],
    )


async def find(
    connection: Connection, user_id: int, exchange: str, mode: Mode, keys: SealedKeys
) -> Account | None:
    """The account these keys belong to, locked."""
    query = select(*ROW).where(
        table.user_id == user_id,
        table.exchange == exchange,
        table.mode == mode,
        table.api_key_fingerprint.in_((keys.fingerprint, *keys.old_fingerprints)),
    )
    return _first((await connection.execute(query.with_for_update(key_share=True))).one_or_none())


async def sealed_keys(connection: Connection, account_id: int) -> SealedKeys:
    """As they are kept."""
    query = select(
        table.api_key_encrypted,
        table.api_secret_encrypted,
        table.api_key_hint,
        table.api_key_fingerprint,
    )
    row = (await connection.execute(query.where(table.id == account_id))).one()
    return SealedKeys(row[0], row[1], row[2], row[3])


async def add(
    connection: Connection, user_id: int, exchange: str, mode: Mode, name: str, keys: SealedKeys
) -> Account | None:
    """None when there is one with this key."""
    row = await connection.execute(
        insert(exchange_accounts)
        .values(user_id=user_id, exchange=exchange, mode=mode, name=name, **_columns(keys))
        .on_conflict_do_nothing()
        .returning(*ROW)
    )
    return _first(row.one_or_none())


async def set_keys(connection: Connection, account_id: int, keys: SealedKeys) -> Account:
    row = await connection.execute(
        update(exchange_accounts)
        .where(table.id == account_id)
        .values(**_columns(keys))
        .returning(*ROW)
    )
    return _account(row.one())


async def lock_every_key(connection: Connection) -> Sequence[Credentials]:
    """Everybody's sealed keys, locked: for sealing them anew."""
    rows = await connection.execute(select(*SEALED).where(PRESENT).with_for_update())
    return [Credentials(row[0], row[1], Mode(row[2]), row[3], row[4]) for row in rows]


async def reseal(
    connection: Connection, account_id: int, api_key: str, api_secret: str, fingerprint: str
) -> None:
    await connection.execute(
        update(exchange_accounts)
        .where(table.id == account_id)
        .values(
            api_key_encrypted=api_key,
            api_secret_encrypted=api_secret,
            api_key_fingerprint=fingerprint,
        )
    )


async def forget_keys(connection: Connection, account_id: int) -> None:
    nothing = SealedKeys("", "", hint="", fingerprint=f"removed:{account_id}")
    await set_keys(connection, account_id, nothing)


def _owned(user_id: int, account_id: int) -> ColumnElement[bool]:
    return (table.user_id == user_id) & (table.id == account_id) & PRESENT


def _columns(keys: SealedKeys) -> dict[str, str]:
    return {
        "api_key_encrypted": keys.api_key,
        "api_secret_encrypted": keys.api_secret,
        "api_key_hint": keys.hint,
        "api_key_fingerprint": keys.fingerprint,
    }


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    known = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's documented way to a row as a mapping
    return Account(**{**known, "mode": Mode(known["mode"])})


def _first(row: Row[*tuple[Any, ...]] | None) -> Account | None:
    return None if row is None else _account(row)
