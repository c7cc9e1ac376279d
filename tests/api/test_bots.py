"""Bots over HTTP: the spec's own body, and everything around it."""

import asyncio
from typing import Any

from tests.api.client import BOT, Api

ONE_BOT = "SELECT * FROM bots"


async def test_the_body_of_the_spec_makes_a_bot_that_starts(api: Api, ann: str) -> None:
    answer = await api.call("POST", "/api/bots", BOT, token=ann)
    assert answer.status_code == 201
    bot = answer.json()
    assert bot["symbol"] == "BTC/USDT"
    assert bot["mode"] == "paper"
    assert (bot["wanted"], bot["status"]) == ("running", "starting")
    assert bot["params"]["investment"] == "100"
    assert "api_key" not in bot
    assert "api_secret" not in bot
    [row] = await api.rows("SELECT wanted, status, command FROM bots")
    assert row == {"wanted": "running", "status": "starting", "command": "start"}
    [post] = await api.rows("SELECT body FROM outbox WHERE queue = 'bot_commands:grid'")
    assert f'"bot_id":{bot["id"]},"action":"start"' in post["body"]
    [told] = await api.rows("SELECT type FROM events")
    assert told == {"type": "bot_created"}
    assert api.nudges


async def test_keys_never_come_back_and_are_sealed_at_rest(api: Api, ann: str) -> None:
    key, secret = "key-that-is-long-1234", "the-secret-nobody-may-see"
    bot = await api.bot(ann, api_key=key, api_secret=secret)
    assert bot["api_key_hint"] == "1234"
    for path in ("/api/bots", f"/api/bots/{bot['id']}", "/api/accounts", "/api/stats"):
        text = (await api.call("GET", path, token=ann)).text
        assert key not in text
        assert secret not in text
    everything = [
        await api.rows(f"SELECT * FROM {table}")  # noqa: S608  # because the names stand here
        for table in ("exchange_accounts", "bots", "events", "outbox", "audit_log")
    ]
    assert key not in str(everything)
    assert secret not in str(everything)


async def test_a_bot_told_not_to_start_is_stopped(api: Api, ann: str) -> None:
    bot = await api.bot(ann, start=False)
    assert (bot["wanted"], bot["status"]) == ("stopped", "stopped")
    assert await api.rows("SELECT 1 FROM outbox WHERE queue LIKE 'bot_commands%'") == []


async def test_the_same_key_is_one_account_however_often_it_is_given(api: Api, ann: str) -> None:
    first = await api.bot(ann)
    second = await api.bot(ann, name="Another")
    third = await api.call(
        "POST",
        "/api/bots",
        {"name": "By id", "strategy": "grid", "account_id": first["account_id"]},
        token=ann,
    )
    assert third.status_code == 201, third.text
    assert {first["account_id"], second["account_id"], third.json()["account_id"]} == {
        first["account_id"]
    }


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"name": 5}, "name"),
    ({"name": None}, "name"),
    ({"exchange": "nowhere"}, "exchange"),
    ({"exchange": None}, "exchange"),
    ({"strategy": "martingale"}, "strategy"),
    ({"symbol": "NOPE/USDT"}, "symbol"),
    ({"symbol": ["BTC/USDT"]}, "symbol"),
    ({"api_key": ""}, "api_key"),
    ({"api_key": "line\nbreak"}, "api_key"),
    ({"api_key": "k" * 513}, "api_key"),
    ({"api_secret": None}, "api_secret"),
    ({"account_id": 1}, "account_id"),
    ({"mode": "live"}, "mode"),
    ({"mode": "yolo"}, "mode"),
    ({"start": "perhaps"}, "start"),
    ({"on_stop": "burn"}, "on_stop"),
    ({"leverage": 20}, "leverage"),
    ({"params": []}, "params"),
    ({"params": {"nonsense": 1}}, "params.nonsense"),
    ({"params": {"lines": 1}}, "params.lines"),
    ({"params": {"lines": 400}}, "params.lines"),
    ({"params": {"investment": "1"}}, "params.investment"),
    ({"params": {"investment": "NaN"}}, "params.investment"),
    ({"params": {"investment": "1e999999999"}}, "params.investment"),
    ({"params": {"lower": 70000, "upper": 60000}}, "params.upper"),
    ({"params": {"symbol": "ETH/USDT"}}, "params.symbol"),
]


async def test_what_cannot_work_is_refused_by_field_and_leaves_nothing(api: Api, ann: str) -> None:
    for change, field in REFUSED:
        answer = await api.call("POST", "/api/bots", BOT | change, token=ann)
        assert answer.status_code == 422, (change, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        fields = [error["field"] for error in answer.json()["errors"]]
        assert field in fields, (change, fields)
    assert await api.rows("SELECT 1 FROM bots") == []
    assert await api.rows("SELECT 1 FROM exchange_accounts") == []
    assert await api.rows("SELECT 1 FROM outbox") == []


async def test_an_exchange_that_is_away_is_503_and_nothing_is_kept(api: Api, ann: str) -> None:
    await api.bot(ann)
    await api.exchanges.close()
    api.exchanges._paper_url = "http://127.0.0.1:9"
    api.exchanges._accesses.clear()
    api.exchanges._market_data.clear()
    answer = await api.call("POST", "/api/bots", BOT | {"name": "Second"}, token=ann)
    assert (answer.status_code, answer.json()["code"]) == (503, "exchange_unreachable")
    assert int(answer.headers["retry-after"]) > 0
    assert len(await api.rows("SELECT 1 FROM bots")) == 1


async def test_an_idempotency_key_makes_one_bot_of_many_requests(api: Api, ann: str) -> None:
    headers = {"Idempotency-Key": "once-and-for-all"}
    answers = await asyncio.gather(
        *(api.call("POST", "/api/bots", BOT, token=ann, headers=headers) for _ in range(4))
    )
    answers.append(await api.call("POST", "/api/bots", BOT, token=ann, headers=headers))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(await api.rows("SELECT 1 FROM bots")) == 1
    assert len(await api.rows("SELECT 1 FROM outbox WHERE queue LIKE 'bot_commands%'")) == 1


async def test_an_idempotency_key_is_for_one_request_of_one_user(
    api: Api, ann: str, bob: str
) -> None:
    headers = {"Idempotency-Key": "mine"}
    await api.call("POST", "/api/bots", BOT, token=ann, headers=headers)
    other = await api.call("POST", "/api/bots", BOT | {"name": "Other"}, token=ann, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    bobs = await api.call("POST", "/api/bots", BOT, token=bob, headers=headers)
    assert bobs.status_code == 201
    assert len(await api.rows("SELECT 1 FROM bots")) == 2


async def test_a_refused_request_does_not_use_up_its_key(api: Api, ann: str) -> None:
    headers = {"Idempotency-Key": "again"}
    bad = BOT | {"params": {"lines": 1}}
    assert not (await api.call("POST", "/api/bots", bad, token=ann, headers=headers)).is_success
    answer = await api.call("POST", "/api/bots", BOT, token=ann, headers=headers)
    assert answer.status_code == 201


async def test_pages_follow_one_another_without_gap_or_overlap(api: Api, ann: str) -> None:
    made = [(await api.bot(ann, name=f"Bot {n}"))["id"] for n in range(5)]
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await api.call("GET", f"/api/bots?limit=2{cursor}", token=ann)).json()
        seen += [bot["id"] for bot in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    for query in ("limit=0", "limit=201", "limit=x", "cursor=nonsense", "cursor=%00"):
        answer = await api.call("GET", f"/api/bots?{query}", token=ann)
        assert answer.status_code == 422, query


async def test_a_list_and_a_single_bot_say_the_same(api: Api, ann: str) -> None:
    made = await api.bot(ann)
    [listed] = (await api.call("GET", "/api/bots", token=ann)).json()["items"]
    single = (await api.call("GET", f"/api/bots/{made['id']}", token=ann)).json()
    assert listed == single == made


async def test_changes_are_judged_as_at_the_beginning(api: Api, ann: str) -> None:
    bot = await api.bot(ann, start=False)
    path = f"/api/bots/{bot['id']}"
    changed = await api.call("PATCH", path, {"name": "Calm", "params": {"lines": 6}}, token=ann)
    assert changed.status_code == 200, changed.text
    assert changed.json()["name"] == "Calm"
    assert changed.json()["params"]["lines"] == 6
    assert changed.json()["params"]["lower"] == bot["params"]["lower"]
    for bad in ({"params": {"lines": 400}}, {"params": {"x": 1}}, {"symbol": "ETH/USDT"}):
        refused = await api.call("PATCH", path, bad, token=ann)
        assert refused.status_code == 422, refused.text
    assert (await api.call("GET", path, token=ann)).json() == changed.json()


async def test_a_running_bot_hears_of_its_new_parameters(api: Api, ann: str) -> None:
    bot = await api.bot(ann)
    await api.rows("UPDATE bots SET status = 'running', command = NULL RETURNING id")
    await api.call("PATCH", f"/api/bots/{bot['id']}", {"params": {"lines": 6}}, token=ann)
    assert await api.rows("SELECT command FROM bots") == [{"command": "update"}]
    posts = await api.rows("SELECT body FROM outbox WHERE queue = 'bot_commands:grid' ORDER BY id")
    assert '"action":"update"' in posts[-1]["body"]


async def test_a_bot_stops_starts_and_goes(api: Api, ann: str) -> None:
    bot = await api.bot(ann)
    path = f"/api/bots/{bot['id']}"
    running = await api.call("DELETE", path, token=ann)
    assert (running.status_code, running.json()["code"]) == (409, "bot_running")
    stopping = (await api.call("POST", f"{path}/stop", {"on_stop": "sell"}, token=ann)).json()
    assert (stopping["status"], stopping["on_stop"]) == ("stopping", "sell")
    soon = await api.call("POST", f"{path}/start", token=ann)
    assert (soon.status_code, soon.json()["code"]) == (409, "bot_stopping")
    await api.rows("UPDATE bots SET status = 'stopped', command = NULL RETURNING id")
    again = (await api.call("POST", f"{path}/start", token=ann)).json()
    assert (again["wanted"], again["status"]) == ("running", "starting")
    await api.rows("UPDATE bots SET status = 'stopped', wanted = 'stopped' RETURNING id")
    assert (await api.call("POST", f"{path}/stop", token=ann)).json()["status"] == "stopped"
    assert (await api.call("DELETE", path, token=ann)).status_code == 204
    assert (await api.call("GET", path, token=ann)).status_code == 404
    assert (await api.call("GET", "/api/bots", token=ann)).json()["items"] == []


async def test_a_bot_with_a_live_order_is_not_deleted(api: Api, ann: str) -> None:
    bot = await api.bot(ann, start=False)
    order = {"bot_id": bot["id"], "symbol": "BTC/USDT", "side": "buy", "type": "limit"}
    placed = await api.call(
        "POST", "/api/orders", order | {"quantity": "0.001", "price": "50000"}, token=ann
    )
    assert placed.status_code == 201, placed.text
    refused = await api.call("DELETE", f"/api/bots/{bot['id']}", token=ann)
    assert (refused.status_code, refused.json()["code"]) == (409, "bot_has_live_orders")


async def test_what_happened_to_a_bot_can_be_read(api: Api, ann: str) -> None:
    bot = await api.bot(ann)
    [event] = (await api.call("GET", f"/api/bots/{bot['id']}/events", token=ann)).json()["items"]
    assert event["type"] == "bot_created"
    assert "My Bot" in event["message"]


async def test_a_preview_shows_what_would_happen_and_creates_nothing(api: Api, ann: str) -> None:
    path = "/api/strategies/grid/preview"
    good = (await api.call("POST", path, {"params": {"lines": 5}}, token=ann)).json()
    assert good["problems"] == []
    assert good["params"]["lines"] == 5
    assert good["preview"]
    bad = (await api.call("POST", path, {"params": {"lines": 400}}, token=ann)).json()
    assert bad["preview"] is None
    assert bad["problems"][0]["field"] == "params.lines"
    assert (await api.call("POST", "/api/strategies/none/preview", {}, token=ann)).is_error
    assert await api.rows("SELECT 1 FROM bots") == []
