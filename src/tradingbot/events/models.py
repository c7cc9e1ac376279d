"""Tables: events."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from tradingbot.kit.database import Moment, metadata

# bot_id and order_id are plain numbers: what happened stays known when a bot is deleted.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("bot_id", BigInteger),
    Column("order_id", BigInteger),
    Column("type", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("data", JSONB, nullable=False, server_default="{}"),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Index("ix_events_user_id_id", "user_id", "id"),
    Index("ix_events_bot_id_id", "bot_id", "id"),
)
