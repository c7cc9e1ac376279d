"""Who owns what of an account's money, over HTTP."""

from typing import Any

from tests.api.client import BOT, Api


async def ledger(api: Api, token: str, account_id: int) -> dict[str, Any]:
    answer = await api.call("GET", f"/api/accounts/{account_id}/ledger", token=token)
    assert answer.status_code == 200, answer.text
    assert answer.json()["account_id"] == account_id
    return {coin["asset"]: coin for coin in answer.json()["coins"]}


async def test_a_bots_part_and_what_is_free_are_what_the_exchange_has(api: Api, ann: str) -> None:
    first, second = await api.bot(ann), await api.bot(ann, name="Second", start=False)
    order = {"bot_id": second["id"], "symbol": "BTC/USDT", "side": "buy", "type": "limit"}
    await api.call(
        "POST", "/api/orders", order | {"quantity": "0.001", "price": "50000"}, token=ann
    )
    coins = await ledger(api, ann, first["account_id"])
    assert coins["USDT"] == {
        "asset": "USDT",
        "free": "99850",
        "bots": [
            {"bot_id": first["id"], "name": "My Bot", "amount": "100"},
            {"bot_id": second["id"], "name": "Second", "amount": "50"},
        ],
        "total": "100000",
        "exchange": "100000",
        "drift": "0",
    }
    assert coins["BTC"]["bots"] == []
    assert (coins["BTC"]["free"], coins["BTC"]["drift"]) == ("1", "0")


async def test_a_bot_shows_what_it_owns(api: Api, ann: str) -> None:
    bot = await api.bot(ann, start=False)
    path = f"/api/bots/{bot['id']}/performance"
    assert (await api.call("GET", path, token=ann)).json()["holdings"] == {}
    order = {"bot_id": bot["id"], "symbol": "BTC/USDT", "side": "buy", "type": "market"}
    await api.call("POST", "/api/orders", order | {"quantity": "0.01"}, token=ann)
    assert (await api.call("GET", path, token=ann)).json()["holdings"] == {"BTC": "0.00999"}


async def test_what_differs_is_shown_as_drift(api: Api, ann: str) -> None:
    account_id = (await api.bot(ann))["account_id"]
    await api.rows("UPDATE holdings SET amount = amount - 0.5 WHERE asset = 'BTC'")
    coin = (await ledger(api, ann, account_id))["BTC"]
    assert (coin["total"], coin["exchange"], coin["drift"]) == ("0.5", "1", "0.5")


async def test_before_the_balances_were_first_read_what_is_free_is_not_known(
    api: Api, ann: str
) -> None:
    account_id = (await api.bot(ann))["account_id"]
    await api.rows("UPDATE exchange_accounts SET reconciled_at = NULL")
    coin = (await ledger(api, ann, account_id))["USDT"]
    assert (coin["free"], coin["total"], coin["drift"]) == (None, None, None)
    assert (coin["exchange"], coin["bots"][0]["amount"]) == ("100000", "100")


async def test_while_the_exchange_is_away_the_books_are_shown_alone(api: Api, ann: str) -> None:
    account_id = (await api.bot(ann))["account_id"]
    await api.exchanges.close()
    api.exchanges._paper_url = "http://127.0.0.1:9"
    api.exchanges._accesses.clear()
    api.exchanges._market_data.clear()
    coin = (await ledger(api, ann, account_id))["USDT"]
    assert (coin["total"], coin["exchange"], coin["drift"]) == ("100000", None, None)


async def test_somebody_elses_ledger_is_not_there(api: Api, ann: str, bob: str) -> None:
    account_id = (await api.bot(ann))["account_id"]
    path = f"/api/accounts/{account_id}/ledger"
    answer = await api.call("GET", path, token=bob)
    assert (answer.status_code, answer.json()["code"]) == (404, "account_not_found")
    assert (await api.call("GET", path)).status_code == 401


async def test_an_investment_beyond_what_is_free_is_refused_by_field(api: Api, ann: str) -> None:
    first = await api.bot(ann, params={"investment": "99000"}, start=False)
    await api.call("POST", f"/api/bots/{first['id']}/start", token=ann)
    answer = await api.call("POST", "/api/bots", BOT | {"params": {"investment": 2000}}, token=ann)
    assert answer.status_code == 422, answer.text
    [error] = answer.json()["errors"]
    assert (error["field"], error["code"]) == ("params.investment", "insufficient_funds")
    assert error["message"] == (
        "it needs 2,000 USDT, and the account has 1,000 USDT that belong to no bot"
    )
    assert len(await api.rows("SELECT 1 FROM bots")) == 1
    stopped = await api.bot(ann, params={"investment": "2000"}, start=False)
    again = await api.call("POST", f"/api/bots/{stopped['id']}/start", token=ann)
    assert (again.status_code, again.json()["code"]) == (422, "insufficient_funds")
    path = f"/api/bots/{first['id']}"
    more = await api.call("PATCH", path, {"params": {"investment": "100001"}}, token=ann)
    assert (more.status_code, more.json()["code"]) == (422, "insufficient_funds")


async def test_an_order_by_hand_beyond_what_may_be_used_is_refused_by_field(
    api: Api, ann: str
) -> None:
    first = await api.bot(ann, params={"investment": "99950"})
    body = {"bot_id": first["id"], "symbol": "BTC/USDT", "side": "buy", "type": "limit"}
    answer = await api.call(
        "POST", "/api/orders", body | {"quantity": "0.002", "price": "50000"}, token=ann
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "insufficient_funds")
    [error] = answer.json()["errors"]
    assert error["field"] == "quantity"
    assert "it needs 100 USDT, and 50 USDT can be used" in error["message"]
    kept = await api.rows("SELECT status, exchange_order_id FROM orders")
    assert kept == [{"status": "rejected", "exchange_order_id": None}]
