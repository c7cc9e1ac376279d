from decimal import Decimal
from typing import Any

import pytest

from tests.fake_manners import Fault
from tests.orders.world import BOT, World
from tradingbot.exchanges.errors import SymbolUnknown
from tradingbot.orders import service
from tradingbot.orders.errors import (
    BotNotFound,
    KeyReused,
    OrderEnded,
    OrderNotFound,
    OrderRejected,
)
from tradingbot.orders.schemas import PlaceOrder
from tradingbot.trading.order import OrderStatus


def a_body(**changes: Any) -> PlaceOrder:
    body: dict[str, Any] = {
        "bot_id": BOT,
        "symbol": "BTC/USDT",
        "side": "buy",
        "type": "limit",
        "quantity": 0.001,
        "price": 50000,
    }
    return PlaceOrder.model_validate(body | changes)


async def test_a_manual_order_answers_with_what_the_exchange_said(world: World) -> None:
    order = await world.desk.place_manual(world.user_id, a_body())

    assert (order.status, order.quantity, order.price) == (OrderStatus.OPEN, "0.001", "50000")
    assert order.exchange_order_id is not None


async def test_the_same_key_places_once_and_answers_the_same(world: World) -> None:
    first = await world.desk.place_manual(world.user_id, a_body(), "a-key")
    again = await world.desk.place_manual(world.user_id, a_body(), "a-key")

    assert again.id == first.id
    assert len(world.exchange.posts) == 1


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    await world.desk.place_manual(world.user_id, a_body(), "a-key")

    with pytest.raises(KeyReused):
        await world.desk.place_manual(world.user_id, a_body(price=50001), "a-key")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"quantity": "0.000001"}, "quantity_off_step", "quantity"),
        ({"price": "50000.001"}, "price_off_tick", "price"),
        ({"quantity": "0.00002"}, "below_minimum_notional", "quantity"),
        ({"quantity": "10000"}, "above_maximum_quantity", "quantity"),
    ],
)
async def test_what_breaks_the_markets_rules_is_refused_before_anything_is_kept(
    world: World, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(OrderRejected) as refused:
        await world.desk.place_manual(world.user_id, a_body(**changes))

    assert (refused.value.rejection, refused.value.field) == (code, field)
    assert refused.value.order is None
    assert world.exchange.posts == []


async def test_what_the_exchange_refuses_is_kept_as_rejected(world: World) -> None:
    with pytest.raises(OrderRejected) as refused:
        await world.desk.place_manual(world.user_id, a_body(quantity=100))

    assert refused.value.rejection == "insufficient_funds"
    assert refused.value.order is not None
    assert refused.value.order.status is OrderStatus.REJECTED


async def test_an_unknown_market_is_refused(world: World) -> None:
    with pytest.raises(SymbolUnknown):
        await world.desk.place_manual(world.user_id, a_body(symbol="NO/SUCH"))


async def test_an_answer_that_never_came_is_told_as_sending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ANSWER_SECONDS", 0.5)
    world.exchange.fail_next(Fault.LOST_AFTER)

    order = await world.desk.place_manual(world.user_id, a_body())

    assert order.status is OrderStatus.SENDING


async def test_nobody_trades_with_somebody_elses_bot_or_order(world: World) -> None:
    order = await world.desk.place_manual(world.user_id, a_body())

    with pytest.raises(BotNotFound):
        await world.desk.place_manual(world.user_id + 1, a_body())
    with pytest.raises(OrderNotFound):
        await world.desk.cancel(world.user_id + 1, order.id)


async def test_cancelling_answers_with_the_cancelled_order_and_works_once(world: World) -> None:
    order = await world.desk.place_manual(world.user_id, a_body())

    assert (await world.desk.cancel(world.user_id, order.id)).status is OrderStatus.CANCELLED
    with pytest.raises(OrderEnded):
        await world.desk.cancel(world.user_id, order.id)


@pytest.mark.parametrize(
    "changes", [{"price": None}, {"type": "market"}, {"quantity": 0}, {"quantity": "NaN"}]
)
def test_a_body_that_makes_no_order_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"price|quantity"):
        a_body(**changes)


def test_the_client_order_id_is_the_same_for_the_same_purpose_and_fits_every_exchange() -> None:
    made = service.client_order_id("uid", "grid:07:buy", 3)

    assert made == service.client_order_id("uid", "grid:07:buy", 3)
    assert made != service.client_order_id("uid", "grid:07:buy", 4)
    assert made != service.client_order_id("other", "grid:07:buy", 3)
    assert len(made) <= 36
    assert made.replace("-", "").isalnum()


async def test_a_market_order_is_judged_by_the_present_price(world: World) -> None:
    order = await world.desk.place_manual(
        world.user_id, a_body(type="market", price=None, quantity=0.001)
    )

    assert order.status is OrderStatus.FILLED
    assert order.average_price == str(Decimal(60_000))
