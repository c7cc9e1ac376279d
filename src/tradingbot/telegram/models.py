"""Tables: chats and whose they are, ways to join them, and what was said in them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tradingbot.kit.database import Moment, metadata

telegram_bots = Table(
    "telegram_bots",
    metadata,
    Column("id", BigInteger, primary_key=True),  # Telegram's own number
    Column("username", Text, nullable=False),
    # The worker that asks for updates; whoever takes its place raises the fence.
    Column("poller_id", Text),
    Column("fence", BigInteger, nullable=False, server_default="0"),
)

telegram_chats = Table(
    "telegram_chats",
    metadata,
    Column("id", BigInteger, primary_key=True),  # Telegram's own number
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text),  # absent: its user's
    Column("linked_at", Moment, nullable=False, server_default=func.now()),
    # When to say there that it was joined from elsewhere; null: it knows.
    Column("greet_at", Moment),
    Index("ix_telegram_chats_greet_at", "greet_at", postgresql_where=text("greet_at IS NOT NULL")),
)

# A token made for a user waits for a chat, a code made in a chat waits for a user.
telegram_links = Table(
    "telegram_links",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("secret_hash", Text, nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE")),
    Column("role", Text, nullable=False),
    Column("chat_id", BigInteger),
    Column("chat_kind", Text),
    Column("chat_name", Text),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

# What Telegram has told us, kept before it is told that we know.
telegram_updates = Table(
    "telegram_updates",
    metadata,
    Column("bot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("holder_id", Text),
    Column("next_attempt_at", Moment, nullable=False, server_default=func.now()),
    Column("handled_at", Moment),
    Column("received_at", Moment, nullable=False, server_default=func.now()),
    Index(
        "ix_telegram_updates_waiting",
        "bot_id",
        "update_id",
        postgresql_where=text("handled_at IS NULL"),
    ),
)
