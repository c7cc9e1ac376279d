"""Telegram: bots, chats, links, updates."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")
TABLES = ("telegram_bots", "telegram_chats", "telegram_links", "telegram_updates")


def upgrade() -> None:
    op.create_table(
        "telegram_bots",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("poller_id", sa.Text(), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telegram_bots")),
    )
    op.create_table(
        "telegram_chats",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("linked_at", MOMENT, server_default=NOW, nullable=False),
        _of_user("fk_telegram_chats_user_id_users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telegram_chats")),
    )
    op.create_index(op.f("ix_telegram_chats_user_id"), "telegram_chats", ["user_id"])
    op.create_table(
        "telegram_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=True),
        sa.Column("chat_kind", sa.Text(), nullable=True),
        sa.Column("chat_name", sa.Text(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        _of_user("fk_telegram_links_user_id_users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telegram_links")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_telegram_links_secret_hash")),
    )
    op.create_table(
        "telegram_updates",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.Column("received_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("bot_id", "update_id", name=op.f("pk_telegram_updates")),
    )
    op.create_index(
        "ix_telegram_updates_waiting",
        "telegram_updates",
        ["bot_id", "update_id"],
        postgresql_where=sa.text("handled_at IS NULL"),
    )


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name)


def _of_user(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(name), ondelete="CASCADE")
