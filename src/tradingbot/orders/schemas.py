"""What crosses the API."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tradingbot.orders.models import Order
from tradingbot.trading.money import plain
from tradingbot.trading.order import OrderStatus, Side

Amount = Annotated[Decimal, Field(gt=0, max_digits=30, decimal_places=18, allow_inf_nan=False)]


class PlaceOrder(BaseModel):
    """A manual order. Quantity in base currency; price in quote per base, for limit orders."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "bot_id": 1,
                "symbol": "BTC/USDT",
                "side": "buy",
                "type": "limit",
                "quantity": 0.001,
                "price": 50000,
            }
        },
    )

    bot_id: int = Field(ge=1, lt=2**63, description="The bot whose account trades.")
    symbol: str = Field(min_length=3, max_length=40, examples=["BTC/USDT"])
    side: Side
    type: Literal["limit", "market", "limit_maker"]
    quantity: Amount
    price: Amount | None = None

    @model_validator(mode="after")
    def _price_where_it_belongs(self) -> "PlaceOrder":
        if self.type == "market" and self.price is not None:
            raise ValueError("price: a market order takes none; leave it out or use a limit order")
        if self.type != "market" and self.price is None:
            raise ValueError("price: a limit order needs one")
        return self


class OrderView(BaseModel):
    """An order as it stands. Amounts and prices are decimal strings."""

    id: int
    bot_id: int
    account_id: int
    symbol: str
    side: str
    type: str
    quantity: str
    price: str | None
    status: OrderStatus
    filled_quantity: str
    average_price: str | None
    fee: str
    fee_currency: str | None
    client_order_id: str
    exchange_order_id: str | None
    reason: str
    code: str | None
    created_at: datetime
    updated_at: datetime


class QuarantineView(BaseModel):
    """What an exchange said and cannot be right. Nothing of it was applied."""

    id: int
    account_id: int
    kind: str
    why: str
    what: str = Field(description="What was said, as JSON text.")
    times: int = Field(description="How often it was met before somebody looked.")
    created_at: datetime
    resolved_at: datetime | None


class ReleaseAccount(BaseModel):
    """Let a held account trade again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"cancel_unknown": True}}
    )

    cancel_unknown: bool = Field(
        default=False,
        description="First cancel, on the exchange, the orders there that our books do not have.",
    )


def view(order: Order) -> OrderView:
    average = order.average_price
    return OrderView(
        id=order.id,
        bot_id=order.bot_id,
        account_id=order.account_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=plain(order.quantity),
        price=None if order.price is None else plain(order.price),
        status=order.status,
        filled_quantity=plain(order.filled_quantity),
        average_price=None if average is None else plain(average),
        fee=plain(order.fee),
        fee_currency=order.fee_currency,
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        reason=order.reason,
        code=order.code,
        created_at=order.created_at,
        updated_at=order.updated_at,
    )
