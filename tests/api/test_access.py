"""Per route: nobody gets in without a token, and nobody reaches what is another's."""

from typing import Any

import pytest

from tests.api.client import Api

ORDER = {
    "bot_id": 1,
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "quantity": "0.001",
    "price": "50000",
}
KEYS = {"api_key": "another", "api_secret": "…"}

# Everything with an id in it: method, path, body. The bot, account and order are Ann's.
OWNED: list[tuple[str, str, Any]] = [
    ("GET", "/api/bots/{bot}", None),
    ("PATCH", "/api/bots/{bot}", {"name": "Mine now"}),
    ("PATCH", "/api/bots/{bot}", {"params": {"lines": 5}}),
    ("DELETE", "/api/bots/{bot}", None),
    ("POST", "/api/bots/{bot}/start", None),
    ("POST", "/api/bots/{bot}/stop", None),
    ("GET", "/api/bots/{bot}/events", None),
    ("GET", "/api/bots/{bot}/performance", None),
    ("PATCH", "/api/accounts/{account}", KEYS),
    ("DELETE", "/api/accounts/{account}", None),
    ("GET", "/api/accounts/{account}/quarantine", None),
    ("POST", "/api/accounts/{account}/release", {"cancel_unknown": True}),
    ("GET", "/api/accounts/{account}/ledger", None),
    ("GET", "/api/orders/{order}", None),
    ("DELETE", "/api/orders/{order}", None),
    ("POST", "/api/orders", ORDER),
]


async def test_somebody_elses_is_404_never_403_and_stays_as_it_was(
    api: Api, ann: str, bob: str
) -> None:
    bot = await api.bot(ann)
    placed = await api.call("POST", "/api/orders", ORDER | {"bot_id": bot["id"]}, token=ann)
    ids = {"bot": bot["id"], "account": bot["account_id"], "order": placed.json()["id"]}
    before = await state(api)
    for method, path, body in OWNED:
        answer = await api.call(method, path.format(**ids), body, token=bob)
        assert answer.status_code == 404, (method, path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
    assert await state(api) == before
    for path in ("/api/bots", "/api/orders", "/api/accounts"):
        assert (await api.call("GET", path, token=bob)).json()["items"] == []


async def test_a_bot_cannot_be_made_on_somebody_elses_account(api: Api, ann: str, bob: str) -> None:
    account = (await api.bot(ann))["account_id"]
    body = {"name": "Thief", "strategy": "grid", "account_id": account}
    answer = await api.call("POST", "/api/bots", body, token=bob)
    assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")


@pytest.mark.parametrize("id_", ["0", "-1", str(2**63), str(10**30), "1.5", "x", "%00", "١"])
async def test_an_id_that_cannot_be_is_404(api: Api, ann: str, id_: str) -> None:
    for path in (f"/api/bots/{id_}", f"/api/orders/{id_}"):
        answer = await api.call("GET", path, token=ann)
        assert answer.status_code == 404, (path, answer.text)


async def test_every_route_but_the_door_asks_for_a_token(api: Api) -> None:
    paths = api.app.openapi()["paths"]
    # Who comes by the link in a letter shows what is in it.
    doors = ("email/confirm", "email/unsubscribe")
    open_paths = ("/api/auth/", "/health/", *(f"/api/notifications/{door}" for door in doors))
    asked = 0
    for path, methods in paths.items():
        if path.startswith(open_paths) and path != "/api/auth/me":
            continue
        for method in methods:
            address = path.replace("{name}", "grid").replace("{exchange_id}", "binance")
            for parameter in ("bot_id", "account_id", "order_id", "chat_id", "notification_id"):
                address = address.replace(f"{{{parameter}}}", "1")
            answer = await api.call(method.upper(), address, {})
            assert answer.status_code == 401, (method, path, answer.text)
            asked += 1
    assert asked > 15


async def state(api: Api) -> list[Any]:
    return [
        await api.rows("SELECT * FROM bots"),
        await api.rows("SELECT * FROM exchange_accounts"),
        await api.rows("SELECT id, status FROM orders"),
    ]
