"""Tables: bots, what waits for each to decide on, and every step they took."""

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB

from tradingbot.kit.database import Moment, metadata

bots = Table(
    "bots",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    # Random: the client order ids made from it stay unique on the exchange after a fresh install.
    Column("uid", Text, nullable=False, unique=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("account_id", ForeignKey("exchange_accounts.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("exchange", Text, nullable=False),
    Column("strategy", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("params", JSONB, nullable=False, server_default="{}"),
    # "running" or "stopped": what its owner wants; `status` is how far it got.
    Column("wanted", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("status_reason", Text, nullable=False, server_default=""),
    # What its worker must tell it next: "start", "stop" or "update"; cleared by the step that does.
    Column("command", Text),
    Column("on_stop", Text, nullable=False, server_default="cancel"),
    # The strategy's own, as its JSON text; absent until it first began.
    Column("state", Text),
    Column("watches", JSONB, nullable=False, server_default="[]"),
    Column("steps_taken", BigInteger, nullable=False, server_default="0"),
    # Held while the worker is alive; the token rises with each change of hands and fences the old.
    Column("worker_id", Text, index=True),
    Column("lease_token", BigInteger, nullable=False, server_default="0"),
    Column("started_at", Moment),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
    Column("deleted_at", Moment),
    Index("ix_bots_user_id_id", "user_id", "id"),
    Index(
        "ix_bots_to_run",
        "strategy",
        postgresql_where=text("status NOT IN ('stopped', 'error')"),
    ),
)

inbox = Table(
    "bot_inbox",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("bot_id", ForeignKey("bots.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("event", Text, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
)

steps = Table(
    "bot_steps",
    metadata,
    Column("bot_id", ForeignKey("bots.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("event", Text, nullable=False),
    Column("intents", Text, nullable=False),
    Column("taken_at", Moment, nullable=False, server_default=func.now()),
)
