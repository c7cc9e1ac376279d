"""Every query on what orders hold back of whose money."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import exists, func, select, text

from tradingbot.kit.database import Connection
from tradingbot.kit.statement import Driver, Statement
from tradingbot.ledger.balances import Flight
from tradingbot.ledger.moves import BOT, Moves, Pocket, of_trades
from tradingbot.ledger.purse import Purse
from tradingbot.orders.models import LIVE_STATUSES, fills, orders
from tradingbot.trading.order import LIVE, OrderStatus, Side
from tradingbot.trading.position import Fill

PURSE = Statement(
    text(f"""
SELECT 'owned' AS kind, bot_id, origin, asset, amount FROM holdings
WHERE account_id = CAST(:account_id AS bigint)
    AND (bot_id = CAST(:bot_id AS bigint)
        OR (bot_id = 0 AND asset = ANY(CAST(:assets AS text[]))))
UNION ALL
SELECT 'reserved', bot_id, origin, split_part(symbol, '/', CASE side WHEN 'buy' THEN 2 ELSE 1 END),
    sum((quantity - filled_quantity)
        * CASE side WHEN 'buy' THEN coalesce(price, estimate, 0) ELSE 1 END)
FROM orders
WHERE account_id = CAST(:account_id AS bigint) AND bot_id = CAST(:bot_id AS bigint)
    AND status IN {LIVE_STATUSES}
GROUP BY 2, 3, 4
UNION ALL
SELECT 'opened', 0, '', '', CAST(1 AS numeric) FROM exchange_accounts
WHERE id = CAST(:account_id AS bigint) AND reconciled_at IS NOT NULL
""")  # noqa: S608  # because the part is a constant of the code
)
UNTOLD = Statement(
    text(f"""
SELECT orders.side, fills.quantity, fills.price, fills.fee, fills.fee_currency
FROM orders JOIN fills ON fills.order_id = orders.id
WHERE orders.account_id = CAST(:account_id AS bigint)
    AND orders.bot_id = CAST(:bot_id AS bigint)
    AND orders.origin = 'bot' AND orders.status IN {LIVE_STATUSES}
""")  # noqa: S608  # because the part is a constant of the code
)


async def purse(
    on: Connection | Driver, account_id: int, bot_id: int, assets: Sequence[str]
) -> Purse:
    """All the bot has and has promised, and what of these coins is free, at one moment."""
    rows = await PURSE.rows_on(on, account_id=account_id, bot_id=bot_id, assets=list(assets))
    found: dict[str, dict[Pocket, Decimal]] = {"owned": {}, "reserved": {}, "opened": {}}
    for row in rows:
        pocket = Pocket(row["bot_id"], row["origin"], row["asset"])
        found[row["kind"]][pocket] = row["amount"]
    return Purse(account_id, bot_id, bool(found["opened"]), found["owned"], found["reserved"])


async def untold(on: Connection | Driver, account_id: int, bot_id: int, symbol: str) -> Moves:
    """What fills have moved of which the strategy has not been told: parts of its live orders."""
    rows = await UNTOLD.rows_on(on, account_id=account_id, bot_id=bot_id)
    fills = [
        Fill(
            side=Side(row["side"]),
            price=row["price"],
            quantity=row["quantity"],
            fee=row["fee"],
            fee_currency=row["fee_currency"],
        )
        for row in rows
    ]
    return of_trades(bot_id, BOT, symbol, fills)


async def in_flight(connection: Connection, account_id: int) -> Flight:
    unanswered = func.count().filter(orders.c.status == OrderStatus.SENDING)
    last_fill = select(func.coalesce(func.max(fills.c.id), 0)).scalar_subquery()
    query = select(func.count(), unanswered, last_fill).where(
        orders.c.account_id == account_id, orders.c.status.in_(sorted(LIVE))
    )
    return Flight(*(await connection.execute(query)).one())


async def counted_late(
    connection: Connection, account_id: int, last_fill: int, until: datetime
) -> bool:
    """Whether a trade from before `until` was counted in only after that fill."""
    late = exists().where(
        fills.c.id > last_fill, fills.c.account_id == account_id, fills.c.traded_at <= until
    )
    return bool((await connection.execute(select(late))).scalar())
