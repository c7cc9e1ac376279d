"""Every query of those who keep orders true: what is due, what should rest, who watches what."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Integer,
    all_,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from tradingbot.exchanges.models import exchange_accounts
from tradingbot.exchanges.ports import TradeMark
from tradingbot.kit.lease import alive
from tradingbot.kit.statement import Driver, Statement
from tradingbot.orders.models import LIVE_STATUSES, Order, fills, orders, trade_cursors
from tradingbot.orders.repository import ROW, order_of
from tradingbot.trading.order import Side

COUNT_MISS = Statement(
    update(orders)
    .where(orders.c.id == bindparam("id"))
    .values(lookups_missed=orders.c.lookups_missed + text("1"))
    .returning(orders.c.lookups_missed)
)
LOOK_BY = Statement(
    update(orders)
    .where(orders.c.id == bindparam("id"))
    .values(
        check_after=text("""least(orders.check_after,
            now() + CAST(:soon_ms AS integer) * interval '1 ms')""")
    )
)
# A list and a look-up may both be older than the last news of an order: until those have aged, that
# it is missing there says nothing.
COUNT_ABSENCE = Statement(
    update(orders)
    .where(
        orders.c.id == bindparam("id"),
        text("orders.updated_at < now() - interval '20 seconds'"),
    )
    .values(lookups_missed=orders.c.lookups_missed + text("1"))
    .returning(orders.c.lookups_missed)
)
DUE = text("""
    (status = 'planned' AND created_at < now() - interval '3 seconds'
        AND (check_after IS NULL OR check_after < now())
        AND account_id = ANY(CAST(:compared AS bigint[]))
        AND NOT EXISTS (
            SELECT FROM exchange_accounts held
            WHERE held.id = orders.account_id AND held.held_since IS NOT NULL
        ))
    OR (status = 'sending' AND check_after < now())
    OR (status IN ('planned', 'sending', 'open', 'partially_filled')
        AND cancel_requested_at IS NOT NULL AND check_after < now())
""")
IN_DOUBT = Statement(select(orders.c.id).where(text("orders.status = 'sending'")))
# Taking them moves their next look, so that several sweepers share the work: to twice the age of
# what is waited for, which comes to half a second, 1, 2, 4 and from then on every 5.
NEXT_LOOK = text("""
    now() + least(interval '5 seconds', greatest(interval '0.5 seconds', now() - CASE
        WHEN status = 'sending' THEN updated_at
        WHEN cancel_requested_at IS NOT NULL THEN cancel_requested_at
        ELSE created_at
    END))
""")
_DUE_IDS = (
    select(orders.c.id)
    .where(DUE)
    .order_by(orders.c.check_after)
    .limit(bindparam("count", type_=Integer))
    .with_for_update(skip_locked=True)
)
TAKE_DUE = Statement(
    update(orders)
    .where(orders.c.id.in_(_DUE_IDS.scalar_subquery()))
    .values(check_after=NEXT_LOOK)
    .returning(*ROW)
)
OLDEST_IN_DOUBT = Statement(
    select(func.min(orders.c.sign_timestamp_ms).label("signed_ms")).where(
        orders.c.account_id == bindparam("account_id"),
        orders.c.symbol == bindparam("symbol"),
        text("orders.status = 'sending'"),
    )
)
SERVER_STARTED = Statement(select(func.pg_postmaster_start_time().label("moment")))
LIVE_ORDERS = Statement(
    select(*ROW)
    .where(
        orders.c.account_id == bindparam("account_id"),
        text(f"orders.status IN {LIVE_STATUSES}"),
    )
    .order_by(orders.c.id)
)
_HAS_LIVE_ORDERS = exists().where(
    orders.c.account_id == exchange_accounts.c.id, text(f"orders.status IN {LIVE_STATUSES}")
)
# A removed account keeps its orders, but nobody can ask about them any more.
HAS_KEYS = exchange_accounts.c.api_key_encrypted != text("''")
holder = exchange_accounts.c.monitor_id
# Orders planned meanwhile need not wait for these locks.
_FREE = (
    select(exchange_accounts.c.id)
    .where(HAS_KEYS, _HAS_LIVE_ORDERS, or_(holder.is_(None), holder.not_in(alive())))
    .limit(bindparam("count", type_=Integer))
    .with_for_update(skip_locked=True, key_share=True)
)
CLAIM_ACCOUNTS = Statement(
    update(exchange_accounts)
    .where(exchange_accounts.c.id.in_(_FREE.scalar_subquery()))
    .values(monitor_id=bindparam("worker_id"))
    .returning(exchange_accounts.c.id)
)
RELEASE_ACCOUNT = Statement(
    update(exchange_accounts)
    .where(
        and_(
            exchange_accounts.c.id == bindparam("id"),
            holder == bindparam("worker_id"),
            ~_HAS_LIVE_ORDERS,
        )
    )
    .values(monitor_id=None)
    .returning(exchange_accounts.c.id)
)
RELEASE_ACCOUNTS = Statement(
    update(exchange_accounts).where(holder == bindparam("worker_id")).values(monitor_id=None)
)

RELEASE_UNWATCHED = Statement(
    update(exchange_accounts)
    .where(
        holder == bindparam("worker_id"),
        exchange_accounts.c.id != all_(bindparam("watched", type_=ARRAY(BigInteger))),
    )
    .values(monitor_id=None)
)


_IDS = "CAST(:ids AS text[])"
STILL_ON_BOOK = Statement(
    select(*ROW).where(
        text("orders.id = ANY(CAST(:ids AS bigint[]))"),
        text("orders.status IN ('open', 'partially_filled')"),
    )
)
# Client ids are nobody else's, on whatever account: two of our users may share a key.
BY_CLIENT_IDS = Statement(
    select(*ROW, text("orders.updated_at < now() - interval '1 minute' AS settled"))
    .where(text(f"orders.client_order_id = ANY({_IDS})"))
    .order_by(orders.c.id)
)
BY_EXCHANGE_IDS = Statement(
    select(*ROW).where(
        orders.c.account_id == bindparam("account_id"),
        orders.c.symbol == bindparam("symbol"),
        text(f"orders.exchange_order_id = ANY({_IDS})"),
    )
)
COUNTED = Statement(
    select(fills.c.exchange_trade_id, fills.c.side).where(
        fills.c.account_id == bindparam("account_id"),
        fills.c.symbol == bindparam("symbol"),
        text(f"fills.exchange_trade_id = ANY({_IDS})"),
    )
)
CURSORS = Statement(
    select(trade_cursors.c.symbol, trade_cursors.c.traded_at, trade_cursors.c.trade_id).where(
        trade_cursors.c.account_id == bindparam("account_id"),
        text("trade_cursors.read_at > now() - interval '7 days'"),
    )
)
# Also where orders came and went between two comparisons, so that nobody read trades there yet.
MARKETS = Statement(
    select(orders.c.symbol, func.max(orders.c.sign_timestamp_ms).label("signed_ms"))
    .where(
        orders.c.account_id == bindparam("account_id"),
        orders.c.sign_timestamp_ms.is_not(None),
        text("orders.updated_at > now() - interval '7 days'"),
    )
    .group_by(orders.c.symbol)
)
SAVE_CURSOR = Statement(
    text("""
        INSERT INTO trade_cursors (account_id, symbol, traded_at, trade_id)
        VALUES (:account_id, :symbol, :traded_at, :trade_id)
        ON CONFLICT (account_id, symbol) DO UPDATE
        SET traded_at = excluded.traded_at, trade_id = excluded.trade_id, read_at = now()
        WHERE trade_cursors.traded_at <= excluded.traded_at
    """)
)
ALL_TO_AUDIT = Statement(update(exchange_accounts).where(HAS_KEYS).values(audit_after=func.now()))
_TO_AUDIT = (
    select(exchange_accounts.c.id)
    .where(
        HAS_KEYS,
        text("(exchange_accounts.audit_after IS NULL OR exchange_accounts.audit_after <= now())"),
    )
    .order_by(exchange_accounts.c.audit_after.nulls_first(), exchange_accounts.c.id)
    .limit(bindparam("count", type_=Integer))
    .with_for_update(skip_locked=True, key_share=True)
)
TAKE_AUDITS = Statement(
    update(exchange_accounts)
    .where(exchange_accounts.c.id.in_(_TO_AUDIT.scalar_subquery()))
    .values(audit_after=text("now() + interval '1 hour'"))
    .returning(exchange_accounts.c.id)
)
PUT_OFF_AUDIT = Statement(
    update(exchange_accounts)
    .where(exchange_accounts.c.id == bindparam("id"))
    .values(audit_after=text("now() + interval '1 minute'"))
)


@dataclass(frozen=True, slots=True)
class Known:
    """An order of our books; `settled`: nothing has changed about it for a minute."""

    order: Order
    settled: bool


async def count_miss(driver: Driver, order_id: int) -> int:
    """How often it was looked up in vain by now."""
    return await COUNT_MISS.number(driver, id=order_id)


async def look_by(driver: Driver, order_id: int, soon_ms: int) -> None:
    """It is due in `soon_ms`, if not sooner."""
    await LOOK_BY.run(driver, id=order_id, soon_ms=soon_ms)


async def count_absence(driver: Driver, order_id: int) -> int:
    """How often it was missing where it should be by now; 0 while that may be old news."""
    row = await COUNT_ABSENCE.row(driver, id=order_id)
    return 0 if row is None else int(row["lookups_missed"])


async def take_due(driver: Driver, compared: Sequence[int], limit: int) -> list[Order]:
    """Orders nobody finished: planned and left, sent and unanswered, cancels not done.

    What is planned is taken only on accounts that were `compared`: of a database restored from
    yesterday, the exchange may have it since.
    """
    rows = await TAKE_DUE.rows(driver, compared=list(compared), count=limit)
    return [order_of(row) for row in rows]


async def server_started(driver: Driver) -> str:
    """When the database's server was. Another moment is another server, or the same anew."""
    row = await SERVER_STARTED.row(driver)
    assert row is not None
    return str(row["moment"])


async def in_doubt(driver: Driver) -> list[int]:
    """The orders that were sent, as far as we know, and of which nothing is known."""
    return [row["id"] for row in await IN_DOUBT.rows(driver)]


async def oldest_in_doubt(driver: Driver, account_id: int, symbol: str) -> int | None:
    """When the first of an account's orders in doubt on a market was signed, in ms."""
    [row] = await OLDEST_IN_DOUBT.rows(driver, account_id=account_id, symbol=symbol)
    signed_ms: int | None = row["signed_ms"]  # None: none is in doubt any more
    return signed_ms


async def live_orders(driver: Driver, account_id: int) -> list[Order]:
    """The account's orders that are not over, by our books."""
    return [order_of(row) for row in await LIVE_ORDERS.rows(driver, account_id=account_id)]


async def claim_accounts(driver: Driver, worker_id: str, limit: int) -> Sequence[int]:
    """Take accounts with live orders that no living monitor listens to; the ids taken."""
    rows = await CLAIM_ACCOUNTS.rows(driver, worker_id=worker_id, count=limit)
    return [row["id"] for row in rows]


async def release_account(driver: Driver, account_id: int, worker_id: str) -> bool:
    """Let go of an account nothing is open on; False when an order came in the meantime."""
    return await RELEASE_ACCOUNT.row(driver, id=account_id, worker_id=worker_id) is not None


async def release_accounts(driver: Driver, worker_id: str) -> None:
    await RELEASE_ACCOUNTS.run(driver, worker_id=worker_id)


async def release_unwatched(driver: Driver, worker_id: str, watched: Collection[int]) -> None:
    """Let go of accounts a claim gave this monitor whose answer it never got."""
    await RELEASE_UNWATCHED.run(driver, worker_id=worker_id, watched=list(watched))


async def still_on_book(driver: Driver, ids: Sequence[int]) -> list[Order]:
    """Those of them that should rest on the exchange, as they are now."""
    return [order_of(row) for row in await STILL_ON_BOOK.rows(driver, ids=list(ids))]


async def by_client_ids(driver: Driver, ids: Sequence[str]) -> dict[str, list[Known]]:
    """Whose our books say they are, on whatever account."""
    known: defaultdict[str, list[Known]] = defaultdict(list)
    for row in await BY_CLIENT_IDS.rows(driver, ids=list(ids)):
        values = dict(row.items())
        settled = values.pop("settled")
        known[values["client_order_id"]].append(Known(order_of(values), settled))
    return known


async def by_exchange_ids(
    driver: Driver, account_id: int, symbol: str, ids: Sequence[str]
) -> dict[str, Order]:
    rows = await BY_EXCHANGE_IDS.rows(driver, account_id=account_id, symbol=symbol, ids=list(ids))
    return {row["exchange_order_id"]: order_of(row) for row in rows}


async def counted(
    driver: Driver, account_id: int, symbol: str, trade_ids: Sequence[str]
) -> frozenset[tuple[str, Side]]:
    """Those of the trades that are in our books, and on which side."""
    values = {"account_id": account_id, "symbol": symbol, "ids": list(trade_ids)}
    rows = await COUNTED.rows(driver, **values)
    return frozenset((row["exchange_trade_id"], Side(row["side"])) for row in rows)


async def cursors(driver: Driver, account_id: int) -> dict[str, TradeMark]:
    """Up to where its trades were read, by market: those it traded on within a week."""
    rows = await CURSORS.rows(driver, account_id=account_id)
    return {row["symbol"]: TradeMark(row["traded_at"], row["trade_id"]) for row in rows}


async def markets(driver: Driver, account_id: int) -> dict[str, datetime]:
    """By market it had orders on within a week: when the last of them was sent."""
    rows = await MARKETS.rows(driver, account_id=account_id)
    return {row["symbol"]: datetime.fromtimestamp(row["signed_ms"] / 1000, UTC) for row in rows}


async def save_cursor(driver: Driver, account_id: int, symbol: str, mark: TradeMark) -> None:
    """Never back: another monitor may have read further."""
    await SAVE_CURSOR.run(
        driver, account_id=account_id, symbol=symbol, traded_at=mark.at, trade_id=mark.trade_id
    )


async def audit_everything(driver: Driver) -> None:
    """Every account is due to be compared as a whole."""
    await ALL_TO_AUDIT.run(driver)


async def take_audits(driver: Driver, limit: int) -> Sequence[int]:
    """Accounts due to be compared as a whole, each for one taker, and again in an hour."""
    return [row["id"] for row in await TAKE_AUDITS.rows(driver, count=limit)]


async def put_off_audit(driver: Driver, account_id: int) -> None:
    """It could not be compared: again in a minute."""
    await PUT_OFF_AUDIT.run(driver, id=account_id)
