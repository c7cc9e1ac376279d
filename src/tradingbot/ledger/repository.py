"""Every query on who owns what of an account's money."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from sqlalchemy import func, select, text, update

from tradingbot.exchanges.models import exchange_accounts
from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver, Statement
from tradingbot.ledger.models import holdings
from tradingbot.ledger.moves import NOBODY, Moves, Pocket

On: TypeAlias = Driver | Connection

# Always in the same order: two that move the same amounts wait for one another, never in a ring.
_MOVE = Statement(
    text("""
INSERT INTO holdings (account_id, bot_id, origin, asset, amount)
SELECT CAST(:account_id AS bigint), moved.bot_id, moved.origin, moved.asset, moved.amount
FROM unnest(
    CAST(:bots AS bigint[]), CAST(:origins AS text[]),
    CAST(:assets AS text[]), CAST(:amounts AS numeric[])
) AS moved (bot_id, origin, asset, amount)
ORDER BY moved.bot_id, moved.origin, moved.asset
ON CONFLICT (account_id, bot_id, origin, asset)
DO UPDATE SET amount = holdings.amount + excluded.amount
RETURNING bot_id, origin, asset, amount
""")
)
_OF_ACCOUNT = (
    select(holdings.c.bot_id, holdings.c.origin, holdings.c.asset, holdings.c.amount)
    .where(holdings.c.amount != 0)
    .order_by(holdings.c.asset, holdings.c.bot_id, holdings.c.origin)
)
KEEPER = (
    exchange_accounts.c.user_id,
    exchange_accounts.c.name,
    exchange_accounts.c.exchange,
    exchange_accounts.c.reconciled_at,
)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Whose account it is, and when its books last took in what the exchange says; None: never."""

    user_id: int
    name: str
    exchange: str
    reconciled_at: datetime | None


async def move(on: On, account_id: int, moves: Moves) -> Mapping[Pocket, Decimal]:
    """Every pocket that was moved, as it then stands."""
    if not moves:
        return {}
    bots, origins, assets = zip(*moves, strict=True)
    rows = await _MOVE.rows_on(
        on,
        account_id=account_id,
        bots=list(bots),
        origins=list(origins),
        assets=list(assets),
        amounts=list(moves.values()),
    )
    return {Pocket(row["bot_id"], row["origin"], row["asset"]): row["amount"] for row in rows}


async def of_account(connection: Connection, account_id: int) -> Mapping[Pocket, Decimal]:
    rows = await connection.execute(_OF_ACCOUNT.where(holdings.c.account_id == account_id))
    return {Pocket(*row[:3]): row[3] for row in rows}


async def of_bot(connection: Connection, account_id: int, bot_id: int) -> Mapping[Pocket, Decimal]:
    own = (holdings.c.account_id == account_id, holdings.c.bot_id == bot_id)
    rows = await connection.execute(_OF_ACCOUNT.where(*own))
    return {Pocket(*row[:3]): row[3] for row in rows}


async def lock_free(connection: Connection, account_id: int) -> Mapping[str, Decimal]:
    """What nobody owns, by coin; it changes no more before this transaction ends."""
    free = (holdings.c.account_id == account_id, holdings.c.bot_id == NOBODY)
    query = select(holdings.c.asset, holdings.c.amount).where(*free).order_by(holdings.c.asset)
    rows = await connection.execute(query.with_for_update(key_share=True))
    return {row.asset: row.amount for row in rows}


async def keeper(connection: Connection, account_id: int) -> Keeper:
    query = select(*KEEPER).where(exchange_accounts.c.id == account_id)
    return Keeper(*(await connection.execute(query)).one())


async def lock(connection: Connection, account_id: int, reconciled_at: datetime | None) -> bool:
    """Hold the account's books; False when they were reconciled since."""
    unchanged = exchange_accounts.c.reconciled_at.is_not_distinct_from(reconciled_at)
    query = select(exchange_accounts.c.id).where(exchange_accounts.c.id == account_id, unchanged)
    return (await connection.execute(query.with_for_update(key_share=True))).first() is not None


async def reconciled(connection: Connection, account_id: int) -> None:
    await connection.execute(
        update(exchange_accounts)
        .where(exchange_accounts.c.id == account_id)
        .values(reconciled_at=func.clock_timestamp())
    )
