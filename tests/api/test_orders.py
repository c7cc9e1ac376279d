"""Orders over HTTP, on the paper exchange."""

from typing import Any

import pytest

from tests.api.client import Api

SPEC = {
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "quantity": 0.001,
    "price": 50000,
}


@pytest.fixture
async def bot_id(api: Api, ann: str) -> int:
    return int((await api.bot(ann, start=False))["id"])


async def place(api: Api, token: str, bot_id: int, /, **changes: object) -> Any:
    return await api.call("POST", "/api/orders", {"bot_id": bot_id} | SPEC | changes, token=token)


async def test_the_body_of_the_spec_places_an_order(api: Api, ann: str, bot_id: int) -> None:
    answer = await place(api, ann, bot_id)
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert order["status"] == "open"
    assert order["exchange_order_id"]
    assert (order["quantity"], order["price"]) == ("0.001", "50000")
    found = (await api.call("GET", f"/api/orders/{order['id']}", token=ann)).json()
    assert found == order


async def test_a_market_order_is_filled_and_counts(api: Api, ann: str, bot_id: int) -> None:
    answer = await place(api, ann, bot_id, type="market", price=None, quantity="0.01")
    assert (answer.status_code, answer.json()["status"]) == (201, "filled")
    figures = (await api.call("GET", f"/api/bots/{bot_id}/performance", token=ann)).json()
    assert figures["fills"] == 1
    assert figures["holding"] == "0.00999"
    assert figures["fees"] == {"BTC": "0.00001"}
    stats = (await api.call("GET", "/api/stats", token=ann)).json()
    assert (stats["fills"], stats["orders"], stats["orders_open"]) == (1, 1, 0)


async def test_an_order_is_cancelled_once(api: Api, ann: str, bot_id: int) -> None:
    order = (await place(api, ann, bot_id)).json()
    path = f"/api/orders/{order['id']}"
    assert (await api.call("DELETE", path, token=ann)).json()["status"] == "cancelled"
    again = await api.call("DELETE", path, token=ann)
    assert (again.status_code, again.json()["code"]) == (409, "order_ended")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"quantity": "NaN"}, "quantity"),
    ({"quantity": "Infinity"}, "quantity"),
    ({"quantity": "1e999"}, "quantity"),
    ({"quantity": 0}, "quantity"),
    ({"quantity": -1}, "quantity"),
    ({"quantity": None}, "quantity"),
    ({"quantity": "0.0000001"}, "quantity"),
    ({"quantity": "0.00001"}, "quantity"),
    ({"price": "50000.001"}, "price"),
    ({"price": None}, "price"),
    ({"type": "market"}, "price"),
    ({"type": "iceberg"}, "type"),
    ({"side": "hold"}, "side"),
    ({"bot_id": "x"}, "bot_id"),
    ({"bot_id": 2**63}, "bot_id"),
    ({"leverage": 3}, "leverage"),
]


async def test_a_bad_order_is_422_by_field_and_never_sent(api: Api, ann: str, bot_id: int) -> None:
    for change, field in REFUSED:
        answer = await place(api, ann, bot_id, **change)
        assert answer.status_code == 422, (change, answer.text)
        fields = [error["field"] for error in answer.json()["errors"]]
        assert field in fields, (change, fields)
    assert await api.rows("SELECT 1 FROM orders") == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1e99999999999999999"])
async def test_a_number_json_does_not_know_is_422(
    api: Api, ann: str, bot_id: int, number: str
) -> None:
    body = f'{{"bot_id":{bot_id},"symbol":"BTC/USDT","side":"buy","type":"limit","quantity":'
    for field in ('1,"price":%s}', '%s,"price":50000}'):
        answer = await api.http.post(
            "/api/orders",
            content=body + field % number,
            headers={"Authorization": f"Bearer {ann}", "Content-Type": "application/json"},
        )
        assert answer.status_code == 422, answer.text


async def test_a_number_keeps_every_digit_it_was_written_with(
    api: Api, ann: str, bot_id: int
) -> None:
    body = f'{{"bot_id":{bot_id},"symbol":"BTC/USDT","side":"buy","type":"limit",'
    answer = await api.http.post(
        "/api/orders",
        content=body + '"quantity":0.00100,"price":50000.01000000000000000001}',
        headers={"Authorization": f"Bearer {ann}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 422  # a double would have dropped what makes it invalid


async def test_what_the_exchange_refuses_is_422_with_the_order_kept(
    api: Api, ann: str, bot_id: int
) -> None:
    answer = await place(api, ann, bot_id, quantity="9", price="59000")
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["code"] == "insufficient_funds"
    kept = (await api.call("GET", f"/api/orders/{problem['order_id']}", token=ann)).json()
    assert (kept["status"], kept["code"]) == ("rejected", "insufficient_funds")


async def test_an_idempotency_key_places_one_order(api: Api, ann: str, bot_id: int) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"bot_id": bot_id} | SPEC
    first = await api.call("POST", "/api/orders", body, token=ann, headers=headers)
    second = await api.call("POST", "/api/orders", body, token=ann, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] == second.json()["id"]
    other = await api.call(
        "POST", "/api/orders", body | {"price": 49000}, token=ann, headers=headers
    )
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_orders_are_listed_by_what_was_asked(api: Api, ann: str, bot_id: int) -> None:
    first = (await place(api, ann, bot_id)).json()["id"]
    second = (await place(api, ann, bot_id, price=49000)).json()["id"]
    await api.call("DELETE", f"/api/orders/{first}", token=ann)

    async def listed(query: str) -> list[int]:
        answer = await api.call("GET", f"/api/orders?{query}", token=ann)
        assert answer.status_code == 200, answer.text
        return [order["id"] for order in answer.json()["items"]]

    assert await listed("") == [second, first]
    assert await listed("status=open") == [second]
    assert await listed(f"bot_id={bot_id}&symbol=BTC/USDT&limit=1") == [second]
    assert await listed("bot_id=999") == []
    assert await listed("symbol=%00") == []
    assert (await api.call("GET", "/api/orders?status=odd", token=ann)).status_code == 422
