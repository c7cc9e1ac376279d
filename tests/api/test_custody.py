"""A held account over HTTP: what is wrong there, and how it trades again."""

from decimal import Decimal
from typing import Any

import pytest

from tests.api.client import Api
from tests.paper.clients import trading
from tradingbot.orders.quarantine import Finding, Kind, Quarantine
from tradingbot.paper.server import PaperExchange

KEYS = {"api_key": "key-of-ann", "api_secret": "…"}
KEYS_OF_CLIENT = {"api_key": "key-of-ann", "secret": "…"}
SYMBOL = "BTC/USDT"


async def held_account(api: Api, token: str, order: dict[str, Any] | None = None) -> dict[str, Any]:
    bot = await api.bot(token, start=False, **KEYS)
    order = order or {"id": "1", "symbol": SYMBOL}
    what = {"symbol": order["symbol"], "exchange_order_id": order["id"]}
    await Quarantine(api.database).put(
        Finding(bot["account_id"], Kind.UNKNOWN_ORDER, "tb-unknown", what, "An order is unknown")
    )
    return bot


def an_order(bot: dict[str, Any]) -> dict[str, Any]:
    return {
        "bot_id": bot["id"],
        "symbol": SYMBOL,
        "side": "buy",
        "type": "limit",
        "quantity": "0.001",
        "price": "50000",
    }


async def test_a_held_account_says_so_and_takes_no_order_until_it_is_released(
    api: Api, ann: str
) -> None:
    bot = await held_account(api, ann)
    path = f"/api/accounts/{bot['account_id']}"
    [shown] = (await api.call("GET", "/api/accounts", token=ann)).json()["items"]
    assert shown["held_reason"] == "An order is unknown"
    assert shown["held_since"].endswith("Z")
    refused = await api.call("POST", "/api/orders", an_order(bot), token=ann)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_held")
    assert f"{path}/release" in refused.json()["detail"]
    assert await api.rows("SELECT 1 FROM orders") == []

    released = await api.call("POST", f"{path}/release", token=ann)

    assert released.status_code == 200, released.text
    assert (released.json()["held_since"], released.json()["held_reason"]) == (None, None)
    placed = await api.call("POST", "/api/orders", an_order(bot), token=ann)
    assert placed.status_code == 201, placed.text
    [row] = await api.rows("SELECT * FROM audit_log WHERE action = 'account_released'")
    assert row["subject"] == f"account:{bot['account_id']}"
    assert row["data"] == {"seen_to": 1, "cancelled": 0}


async def test_what_is_quarantined_is_listed_the_newest_first(api: Api, ann: str) -> None:
    bot = await held_account(api, ann)
    path = f"/api/accounts/{bot['account_id']}/quarantine"
    await Quarantine(api.database).put(
        Finding(bot["account_id"], Kind.UNREADABLE, "x", {"raw": "{"}, "It makes no sense")
    )
    first = (await api.call("GET", f"{path}?limit=1", token=ann)).json()
    rest = (await api.call("GET", f"{path}?cursor={first['next_cursor']}", token=ann)).json()
    found = [*first["items"], *rest["items"]]
    assert [each["kind"] for each in found] == ["unreadable", "unknown_order"]
    assert found[0]["what"] == '{"raw":"{"}'
    assert {each["resolved_at"] for each in found} == {None}

    await api.call("POST", f"/api/accounts/{bot['account_id']}/release", token=ann)

    found = (await api.call("GET", path, token=ann)).json()["items"]
    assert None not in {each["resolved_at"] for each in found}


@pytest.mark.parametrize(("body", "open_after"), [({"cancel_unknown": True}, 0), (None, 1)])
async def test_orders_our_books_do_not_have_are_cancelled_when_asked_for(
    api: Api, ann: str, paper: PaperExchange, body: dict[str, bool] | None, open_after: int
) -> None:
    async with trading(paper.url, **KEYS_OF_CLIENT) as client:
        order = await client.create_order(SYMBOL, "limit", "buy", 0.001, 50_000)
        bot = await held_account(api, ann, order)

        path = f"/api/accounts/{bot['account_id']}/release"
        answer = await api.call("POST", path, body, token=ann)

        assert answer.status_code == 200, answer.text
        assert len(await client.fetch_open_orders(SYMBOL)) == open_after
        assert Decimal((await client.fetch_balance())["USDT"]["used"]) == 50 * open_after


async def test_what_could_not_be_cancelled_leaves_the_account_held(api: Api, ann: str) -> None:
    bot = await held_account(api, ann, {"id": "1", "symbol": "NOT/THERE"})

    path = f"/api/accounts/{bot['account_id']}/release"
    answer = await api.call("POST", path, {"cancel_unknown": True}, token=ann)

    assert answer.status_code == 503
    [shown] = (await api.call("GET", "/api/accounts", token=ann)).json()["items"]
    assert shown["held_since"] is not None
