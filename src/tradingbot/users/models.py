"""Tables: users, their refresh tokens, and what they did."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from tradingbot.kit.database import Moment, metadata

users = Table(
    "users",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("email", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)
Index("uq_users_email", func.lower(users.c.email), unique=True)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    # Tokens made from one another share a family: a used one shown again ends them all.
    Column("family", Text, nullable=False, index=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data", JSONB, nullable=False, server_default="{}"),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)
