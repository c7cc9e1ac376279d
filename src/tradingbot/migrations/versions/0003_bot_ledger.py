"""Who owns what of an account's money."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TRADE = ["account_id", "symbol", "exchange_trade_id"]
ONE_SIDE = "uq_fills_account_id_symbol_exchange_trade_id"
BOTH_SIDES = "uq_fills_account_id_symbol_exchange_trade_id_side"
LIVE = "('planned', 'sending', 'open', 'partially_filled')"

# What an order may still take goes aside for it.
DRAW = f"""
UPDATE orders SET drawn = (quantity - filled_quantity)
    * CASE side WHEN 'buy' THEN coalesce(price, 0) ELSE 1 END
WHERE origin = 'manual' AND status IN {LIVE}
"""  # noqa: S608  # because the part is a constant above

# A bot that runs, or has orders out, owns what it was given and what its fills made of that. One
# at rest owns nothing. Its owner's hand has what it bought and not sold. What is free is not known:
# the first look at an account's balances finds it, as the rest.
FILL = f"""
WITH flow AS (
    SELECT f.account_id, f.bot_id, o.origin, moved.asset, moved.amount
    FROM fills f JOIN orders o ON o.id = f.order_id
    CROSS JOIN LATERAL (
        SELECT split_part(f.symbol, '/', 1), split_part(f.symbol, '/', 2),
            CASE f.side WHEN 'buy' THEN 1 ELSE -1 END
    ) AS market (base, quote, sign)
    CROSS JOIN LATERAL (VALUES
        (market.base, market.sign * f.quantity),
        (market.quote, -market.sign * f.quantity * f.price),
        (f.fee_currency, CASE WHEN f.fee_currency IN (market.base, market.quote)
            THEN -f.fee ELSE 0 END)
    ) AS moved (asset, amount)
), kept AS (
    SELECT b.id, b.account_id, split_part(b.symbol, '/', 2) AS quote,
        coalesce((b.params ->> 'investment')::numeric, 0) AS investment
    FROM bots b
    WHERE b.deleted_at IS NULL AND (b.status NOT IN ('stopped', 'error') OR EXISTS (
        SELECT FROM orders o WHERE o.bot_id = b.id AND o.origin = 'bot' AND o.status IN {LIVE}))
), part AS (
    SELECT account_id, id AS bot_id, 'bot' AS origin, quote AS asset, investment AS amount FROM kept
    UNION ALL
    SELECT flow.* FROM flow JOIN kept ON kept.id = flow.bot_id WHERE flow.origin = 'bot'
    UNION ALL
    SELECT flow.account_id, flow.bot_id, 'manual', flow.asset, greatest(sum(flow.amount), 0)
    FROM flow JOIN bots b ON b.id = flow.bot_id AND b.deleted_at IS NULL
    WHERE flow.origin = 'manual' GROUP BY 1, 2, 4
    UNION ALL
    SELECT account_id, bot_id, 'manual',
        split_part(symbol, '/', CASE side WHEN 'buy' THEN 2 ELSE 1 END), drawn
    FROM orders WHERE drawn > 0
)
INSERT INTO holdings (account_id, bot_id, origin, asset, amount)
SELECT account_id, bot_id, origin, asset, sum(amount) FROM part
GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0
"""  # noqa: S608  # because the part is a constant above


def upgrade() -> None:
    op.create_table(
        "holdings",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["exchange_accounts.id"],
            name=op.f("fk_holdings_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "account_id", "bot_id", "origin", "asset", name=op.f("pk_holdings")
        ),
    )
    op.add_column(
        "exchange_accounts", sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("orders", sa.Column("estimate", sa.Numeric(), nullable=True))
    op.add_column("orders", sa.Column("drawn", sa.Numeric(), server_default="0", nullable=False))
    # By two sides of one trade; the old rule stays until the new one holds.
    op.create_unique_constraint(BOTH_SIDES, "fills", [*TRADE, "side"])
    op.drop_constraint(ONE_SIDE, "fills", type_="unique")
    op.execute(DRAW)
    op.execute(FILL)


def downgrade() -> None:
    op.create_unique_constraint(ONE_SIDE, "fills", TRADE)
    op.drop_constraint(BOTH_SIDES, "fills", type_="unique")
    op.drop_column("orders", "drawn")
    op.drop_column("orders", "estimate")
    op.drop_column("exchange_accounts", "reconciled_at")
    op.drop_table("holdings")
