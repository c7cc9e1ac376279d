"""Tables: who owns what of an account's money."""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text

from tradingbot.kit.database import Money, metadata

# All amounts of a coin together are what the exchange has of it, locked or not, unless a fill is
# on its way. bot_id is a plain number: 0 is nobody, the account's free part.
holdings = Table(
    "holdings",
    metadata,
    Column("account_id", ForeignKey("exchange_accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("bot_id", BigInteger, primary_key=True),
    # Who spends it, as on orders: "bot" is the strategy, "manual" its owner's hand; and "free".
    Column("origin", Text, primary_key=True),
    Column("asset", Text, primary_key=True),
    Column("amount", Money, nullable=False),
)
