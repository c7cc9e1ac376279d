"""Orders over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import (
    LIMIT,
    ActiveUser,
    Cursor,
    Has,
    Id,
    IdempotencyKey,
    Limit,
)
from tradingbot.api.exact import ExactRoute
from tradingbot.kit.pagination import ID_MAX, Page, decode, page
from tradingbot.orders import repository
from tradingbot.orders.errors import OrderNotFound
from tradingbot.orders.schemas import OrderView, PlaceOrder, view
from tradingbot.trading.order import OrderStatus

router = APIRouter(prefix="/api/orders", tags=["orders"], route_class=ExactRoute)

UNSETTLED = (OrderStatus.PLANNED, OrderStatus.SENDING)
ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {"model": OrderView, "description": "No clear answer yet: it resolves by itself"}
}


@router.post("", status_code=201, response_model=OrderView, responses=ACCEPTED)
async def place(
    services: Has, user: ActiveUser, body: PlaceOrder, idempotency_key: IdempotencyKey = None
) -> Response:
    """Place an order by hand. The answer comes when the exchange's has, or after 5 seconds."""
    order = await services.orders.place_manual(user.id, body, idempotency_key)
    return answer(order, 202 if order.status in UNSETTLED else 201)


@router.get("", response_model=Page[OrderView])
async def orders(
    services: Has,
    user: ActiveUser,
    bot_id: Annotated[int | None, Query(ge=1, le=ID_MAX)] = None,
    status: OrderStatus | None = None,
    symbol: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> Response:
    """Your orders, the newest first."""
    async with services.reading() as connection:
        found = await repository.page(
            connection,
            user.id,
            bot_id=bot_id,
            status=status,
            symbol=None if symbol is None else symbol.replace("\0", "\ufffd"),
            before_id=decode(cursor),
            limit=limit + 1,
        )
    return answer(page([view(order) for order in found], limit, lambda order: order.id))


@router.get("/{order_id}", response_model=OrderView)
async def order(services: Has, user: ActiveUser, order_id: Id) -> Response:
    async with services.asking() as driver:
        found = await repository.owned(driver, user.id, order_id)
    if found is None:
        raise OrderNotFound(f"there is no order {order_id}")
    return answer(view(found))


@router.delete("/{order_id}", response_model=OrderView)
async def cancel(services: Has, user: ActiveUser, order_id: Id) -> Response:
    """Cancel it. The answer shows it as far as that got within 5 seconds."""
    return answer(await services.orders.cancel(user.id, order_id))
