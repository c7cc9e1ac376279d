"""Exchange accounts over HTTP."""

from tests.api.client import Api

KEYS = {"exchange": "binance", "api_key": "first-key-abcd", "api_secret": "its-secret"}


async def test_an_account_is_connected_listed_and_shown_by_four_characters(
    api: Api, ann: str
) -> None:
    answer = await api.call("POST", "/api/accounts", KEYS | {"name": "Main"}, token=ann)
    assert answer.status_code == 201, answer.text
    account = answer.json()
    assert (account["name"], account["mode"], account["api_key_hint"]) == ("Main", "paper", "abcd")
    assert (await api.call("GET", "/api/accounts", token=ann)).json()["items"] == [account]
    again = await api.call("POST", "/api/accounts", KEYS, token=ann)
    assert again.json()["id"] == account["id"]


async def test_two_users_may_hold_the_same_key_each_for_themselves(
    api: Api, ann: str, bob: str
) -> None:
    anns = (await api.call("POST", "/api/accounts", KEYS, token=ann)).json()
    bobs = (await api.call("POST", "/api/accounts", KEYS, token=bob)).json()
    assert anns["id"] != bobs["id"]


async def test_keys_are_changed_in_one_place_for_every_bot_on_them(api: Api, ann: str) -> None:
    bot = await api.bot(ann)
    path = f"/api/accounts/{bot['account_id']}"
    before = await api.rows("SELECT * FROM exchange_accounts")
    keys = {"api_key": "second-key-wxyz", "api_secret": "another"}
    answer = await api.call("PATCH", path, keys, token=ann)
    assert (answer.status_code, answer.json()["api_key_hint"]) == (200, "wxyz")
    after = await api.rows("SELECT * FROM exchange_accounts")
    assert after[0]["api_key_encrypted"] != before[0]["api_key_encrypted"]
    seen = (await api.call("GET", f"/api/bots/{bot['id']}", token=ann)).json()
    assert seen["api_key_hint"] == "wxyz"


async def test_an_account_in_use_stays_and_a_removed_one_forgets_its_keys(
    api: Api, ann: str
) -> None:
    bot = await api.bot(ann, start=False)
    path = f"/api/accounts/{bot['account_id']}"
    refused = await api.call("DELETE", path, token=ann)
    assert (refused.status_code, refused.json()["code"]) == (409, "account_in_use")
    await api.call("DELETE", f"/api/bots/{bot['id']}", token=ann)
    assert (await api.call("DELETE", path, token=ann)).status_code == 204
    assert (await api.call("DELETE", path, token=ann)).status_code == 404
    assert (await api.call("GET", "/api/accounts", token=ann)).json()["items"] == []
    [row] = await api.rows("SELECT api_key_encrypted, api_secret_encrypted FROM exchange_accounts")
    assert set(row.values()) == {""}
    assert (await api.bot(ann))["account_id"] != bot["account_id"]


async def test_what_cannot_be_connected_is_refused_by_field(api: Api, ann: str) -> None:
    cases = [
        ({"exchange": "nowhere"}, "exchange"),
        ({"mode": "live"}, "mode"),
        ({"mode": "testnet"}, "mode"),
        ({"api_key": "tab\tinside"}, "api_key"),
        ({"api_secret": ""}, "api_secret"),
        ({"name": "x" * 101}, "name"),
        ({"passphrase": "x"}, "passphrase"),
    ]
    for change, field in cases:
        answer = await api.call("POST", "/api/accounts", KEYS | change, token=ann)
        assert answer.status_code == 422, (change, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await api.rows("SELECT 1 FROM exchange_accounts") == []


async def test_connecting_is_done_once_for_one_idempotency_key(api: Api, ann: str) -> None:
    headers = {"Idempotency-Key": "connect"}
    first = await api.call("POST", "/api/accounts", KEYS, token=ann, headers=headers)
    second = await api.call("POST", "/api/accounts", KEYS, token=ann, headers=headers)
    assert first.text == second.text
    other = KEYS | {"api_key": "other-key"}
    reused = await api.call("POST", "/api/accounts", other, token=ann, headers=headers)
    assert reused.status_code == 409


async def test_exchanges_and_their_markets_are_shown(api: Api, ann: str) -> None:
    exchanges = (await api.call("GET", "/api/exchanges", token=ann)).json()["items"]
    assert {"id": "binance", "modes": ["paper"]} in exchanges
    answer = await api.call("GET", "/api/exchanges/binance/markets", token=ann)
    markets = {market["symbol"]: market for market in answer.json()["items"]}
    assert markets["BTC/USDT"]["tick_size"] == "0.01"
    unknown = await api.call("GET", "/api/exchanges/nowhere/markets", token=ann)
    assert unknown.status_code == 422
