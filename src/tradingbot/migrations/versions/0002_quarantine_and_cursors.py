"""Quarantine, held accounts, trade cursors."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name, kind in (
        ("held_since", sa.DateTime(timezone=True)),
        ("held_reason", sa.Text()),
        ("audit_after", sa.DateTime(timezone=True)),
    ):
        op.add_column("exchange_accounts", sa.Column(name, kind, nullable=True))
    op.create_table(
        "trade_cursors",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("traded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trade_id", sa.Text(), nullable=True),
        sa.Column(
            "read_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["exchange_accounts.id"],
            name=op.f("fk_trade_cursors_account_id_exchange_accounts"),
        ),
        sa.PrimaryKeyConstraint("account_id", "symbol", name=op.f("pk_trade_cursors")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["exchange_accounts.id"],
            name=op.f("fk_quarantine_account_id_exchange_accounts"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_index("ix_quarantine_account_id_id", "quarantine", ["account_id", "id"])
    op.create_index(
        "uq_quarantine_unresolved",
        "quarantine",
        ["account_id", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_unique_constraint(
        "uq_orders_client_order_id_account_id", "orders", ["client_order_id", "account_id"]
    )
    op.drop_constraint("uq_orders_account_id_client_order_id", "orders", type_="unique")


def downgrade() -> None:
    op.create_unique_constraint(
        "uq_orders_account_id_client_order_id", "orders", ["account_id", "client_order_id"]
    )
    op.drop_constraint("uq_orders_client_order_id_account_id", "orders", type_="unique")
    op.drop_table("quarantine")
    op.drop_table("trade_cursors")
    for name in ("audit_after", "held_reason", "held_since"):
        op.drop_column("exchange_accounts", name)
