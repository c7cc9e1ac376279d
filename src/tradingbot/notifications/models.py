"""Tables: who wants to hear what, what there was to tell, and each telling of it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Time,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tradingbot.kit.database import Moment, metadata

notification_settings = Table(
    "notification_settings",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("email_enabled", Boolean, nullable=False, server_default=false()),
    Column("email_address", Text),
    Column("telegram_enabled", Boolean, nullable=False, server_default=false()),
    Column("telegram_chat_id", BigInteger),
    Column("webhook_enabled", Boolean, nullable=False, server_default=false()),
    Column("webhook_url", Text),
    Column("language", Text, nullable=False, server_default="en"),
    Column("enabled_events", ARRAY(Text), nullable=False),
    # By the clock of `timezone`; only what is urgent is told between them.
    Column("quiet_from", Time),
    Column("quiet_until", Time),
    Column("timezone", Text, nullable=False, server_default="UTC"),
    Column("max_per_minute", Integer, nullable=False, server_default="20"),
    # Null: nobody has shown yet that the address is theirs.
    Column("email_verified_at", Moment),
    Column("telegram_username", Text),
    Column("telegram_role", Text, nullable=False, server_default="operator"),  # or viewer
    Column("webhook_secret_encrypted", Text),
    # By channel: why it was switched off.
    Column("notes", JSONB, nullable=False, server_default="{}"),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
)

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    # Our own items carry their event's id; of one pushed by hand it is a fresh one.
    Column("source_id", Text, nullable=False, unique=True),
    Column("event_type", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Index("ix_notifications_user_id_id", "user_id", "id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column(
        "notification_id",
        ForeignKey("notifications.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),  # pending sent dead
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Moment, nullable=False, server_default=func.now()),
    Column("error", Text),
    Column("sent_at", Moment),
    # A courier's, until then; whoever dies with it in hand leaves it to others after that.
    Column("held_until", Moment),
    # What the channel answered: its own number for the message, and its words.
    Column("reference", Text),
    Column("words", Text),
    UniqueConstraint("notification_id", "channel"),
    Index(
        "ix_deliveries_pending_next_attempt_at",
        "next_attempt_at",
        postgresql_where=text("status = 'pending'"),
    ),
    Index("ix_deliveries_sent_at", "sent_at"),  # a person's last minute
)

# Letters that ask whose an address is. The code is made from the row, and kept nowhere.
email_verifications = Table(
    "email_verifications",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("address", Text, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("expires_at", Moment, nullable=False),
    Column("next_attempt_at", Moment, nullable=False, server_default=func.now()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Moment),
    Column("error", Text),
    Column("wrong_codes", Integer, nullable=False, server_default="0"),
    Index("ix_email_verifications_user_id_id", "user_id", "id"),
    Index("ix_email_verifications_address", "address"),
    Index(
        "ix_email_verifications_unsent",
        "next_attempt_at",
        postgresql_where=text("sent_at IS NULL AND error IS NULL"),
    ),
)
