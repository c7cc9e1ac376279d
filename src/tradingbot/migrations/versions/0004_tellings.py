"""Quiet hours, a pace and notes for each user; what a channel answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OF_SETTINGS = (
    sa.Column("quiet_from", sa.Time(), nullable=True),
    sa.Column("quiet_until", sa.Time(), nullable=True),
    sa.Column("timezone", sa.Text(), server_default="UTC", nullable=False),
    sa.Column("max_per_minute", sa.Integer(), server_default="20", nullable=False),
    sa.Column("email_verified_at", MOMENT, nullable=True),
    sa.Column("telegram_username", sa.Text(), nullable=True),
    sa.Column("telegram_role", sa.Text(), server_default="operator", nullable=False),
    sa.Column("webhook_secret_encrypted", sa.Text(), nullable=True),
    sa.Column("notes", JSONB(), server_default="{}", nullable=False),
)
OF_DELIVERIES = (
    sa.Column("held_until", MOMENT, nullable=True),
    sa.Column("reference", sa.Text(), nullable=True),
    sa.Column("words", sa.Text(), nullable=True),
)


def upgrade() -> None:
    for column in OF_SETTINGS:
        op.add_column("notification_settings", column)
    for column in OF_DELIVERIES:
        op.add_column("deliveries", column)
    op.create_index("ix_deliveries_sent_at", "deliveries", ["sent_at"])


def downgrade() -> None:
    op.drop_index("ix_deliveries_sent_at", "deliveries")
    for name in reversed([column.name for column in OF_DELIVERIES]):
        op.drop_column("deliveries", name)
    for name in reversed([column.name for column in OF_SETTINGS]):
        op.drop_column("notification_settings", name)
