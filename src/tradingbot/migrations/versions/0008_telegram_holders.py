"""Who handles what somebody said, so that another does when that one dies."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("telegram_updates", sa.Column("holder_id", sa.Text()))


def downgrade() -> None:
    op.drop_column("telegram_updates", "holder_id")
