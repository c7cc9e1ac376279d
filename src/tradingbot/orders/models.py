"""Tables: orders, fills, how far trades were read, what could not be right; and an order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from tradingbot.kit.database import Moment, Money, metadata
from tradingbot.trading.money import ZERO, quotient
from tradingbot.trading.order import OrderStatus, OrderType, Side

LIVE_STATUSES = "('planned', 'sending', 'open', 'partially_filled')"

orders = Table(
    "orders",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("bot_id", BigInteger, nullable=False),
    Column("account_id", ForeignKey("exchange_accounts.id"), nullable=False),
    Column("symbol", Text, nullable=False),
    # One row for each decision to trade: bot, slot and round are asked for once.
    Column("slot", Text, nullable=False),
    Column("round", Integer, nullable=False),
    Column("origin", Text, nullable=False),  # "bot" or "manual"
    Column("side", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("quantity", Money, nullable=False),
    Column("price", Money),
    # Of a market order: what a unit of base was reckoned at, in quote, when it was planned.
    Column("estimate", Money),
    # Of an order by hand: what of the account's free part was set aside for it.
    Column("drawn", Money, nullable=False, server_default="0"),
    Column("status", Text, nullable=False, server_default="planned"),
    Column("filled_quantity", Money, nullable=False, server_default="0"),
    Column("filled_cost", Money, nullable=False, server_default="0"),
    Column("fee", Money, nullable=False, server_default="0"),
    Column("fee_currency", Text),
    Column("client_order_id", Text, nullable=False),
    Column("exchange_order_id", Text),
    Column("reason", Text, nullable=False, server_default=""),
    Column("code", Text),  # why it was refused, by name
    # Fixed when claimed, and signed with: a process that stalls cannot place late.
    Column("sign_timestamp_ms", BigInteger),
    Column("recv_window_ms", Integer),
    # Looked up while there is no clear answer; also when the next look is due.
    Column("lookups_missed", Integer, nullable=False, server_default="0"),
    Column("check_after", Moment),
    Column("cancel_requested_at", Moment),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
    UniqueConstraint("bot_id", "slot", "round"),
    # This way round: whose an order on an exchange is, is asked by its client id alone.
    UniqueConstraint("client_order_id", "account_id"),
    Index("ix_orders_user_id_id", "user_id", "id"),
    Index("ix_orders_bot_id_id", "bot_id", "id"),
    Index(
        "ix_orders_live_account_id_symbol",
        "account_id",
        "symbol",
        postgresql_where=text(f"status IN {LIVE_STATUSES}"),
    ),
    Index(
        "ix_orders_unsettled_check_after",
        "check_after",
        postgresql_where=text(
            "status IN ('planned', 'sending') OR cancel_requested_at IS NOT NULL"
        ),
    ),
    Index("ix_orders_account_id_exchange_order_id", "account_id", "exchange_order_id"),
)

fills = Table(
    "fills",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("order_id", ForeignKey("orders.id"), nullable=False, index=True),
    Column("user_id", BigInteger, nullable=False),
    Column("bot_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("exchange_trade_id", Text, nullable=False),
    Column("quantity", Money, nullable=False),
    Column("price", Money, nullable=False),
    Column("fee", Money, nullable=False),
    Column("fee_currency", Text, nullable=False),
    Column("liquidity", Text, nullable=False),  # "maker" or "taker"
    Column("traded_at", Moment, nullable=False),
    # The applier's duplicate check: a trade counts once, by whatever road it comes; and once for
    # each side, for two bots on one account may trade with each other.
    UniqueConstraint("account_id", "symbol", "exchange_trade_id", "side"),
    Index("ix_fills_bot_id_id", "bot_id", "id"),
)


# Up to where an account's trades on a market were read.
trade_cursors = Table(
    "trade_cursors",
    metadata,
    Column("account_id", ForeignKey("exchange_accounts.id"), primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("traded_at", Moment, nullable=False),
    Column("trade_id", Text),
    Column("read_at", Moment, nullable=False, server_default=func.now()),
)

# What an exchange said and cannot be right: kept for a person, never applied.
quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("account_id", ForeignKey("exchange_accounts.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),  # what it is about: an order's id, a message's hash
    Column("what", Text, nullable=False),  # JSON
    Column("why", Text, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("resolved_at", Moment),
    Index("ix_quarantine_account_id_id", "account_id", "id"),
    # The same again while nobody has looked is counted, not told anew.
    Index(
        "uq_quarantine_unresolved",
        "account_id",
        "kind",
        "subject",
        unique=True,
        postgresql_where=text("resolved_at IS NULL"),
    ),
)


@dataclass(frozen=True, slots=True)
class Order:
    """One row of `orders`. Quantities in base, `filled_cost` in quote."""

    id: int
    user_id: int
    bot_id: int
    account_id: int
    symbol: str
    slot: str
    round: int
    origin: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    status: OrderStatus
    filled_quantity: Decimal
    filled_cost: Decimal
    fee: Decimal
    fee_currency: str | None
    client_order_id: str
    exchange_order_id: str | None
    reason: str
    code: str | None
    sign_timestamp_ms: int | None
    recv_window_ms: int | None
    lookups_missed: int
    cancel_requested_at: datetime | None
    created_at: datetime
    updated_at: datetime
    estimate: Decimal | None = None
    drawn: Decimal = ZERO

    @property
    def average_price(self) -> Decimal | None:
        return quotient(self.filled_cost, self.filled_quantity) if self.filled_quantity else None
