"""Tables: exchange accounts, their keys sealed."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from tradingbot.kit.database import Moment, metadata

exchange_accounts = Table(
    "exchange_accounts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("exchange", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("api_key_encrypted", Text, nullable=False),
    Column("api_secret_encrypted", Text, nullable=False),
    Column("api_key_hint", Text, nullable=False),
    # A keyed hash: finds the account of a key given again without opening any.
    Column("api_key_fingerprint", Text, nullable=False),
    Column("monitor_id", Text, index=True),  # the order monitor that listens to its stream
    # While held, no order of it is sent; cancels and look-ups go on.
    Column("held_since", Moment),
    Column("held_reason", Text),
    Column("audit_after", Moment),  # when it is next compared with the exchange as a whole
    # When its books last took in what the exchange says its balances are; null: never yet.
    Column("reconciled_at", Moment),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    UniqueConstraint("user_id", "exchange", "mode", "api_key_fingerprint"),
)
