"""Letters that ask whose an e-mail address is."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "email_verifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column(
            "user_id",
            sa.BigInteger(),
            sa.ForeignKey("users.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("next_attempt_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
    )
    for name, column in (("user_id_id", ["user_id", "id"]), ("address", ["address"])):
        op.create_index(f"ix_email_verifications_{name}", "email_verifications", column)
    op.create_index(
        "ix_email_verifications_unsent",
        "email_verifications",
        ["next_attempt_at"],
        postgresql_where=sa.text("sent_at IS NULL AND error IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("email_verifications")
