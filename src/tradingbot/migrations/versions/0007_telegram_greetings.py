"""A chat that was joined from elsewhere is told so."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("telegram_chats", sa.Column("greet_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_telegram_chats_greet_at",
        "telegram_chats",
        ["greet_at"],
        postgresql_where=sa.text("greet_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_column("telegram_chats", "greet_at")
