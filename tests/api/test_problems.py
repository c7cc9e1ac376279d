"""Whatever a request is, it is answered, in one form, and no harm is done."""

import json
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.api.client import BOT, PASSWORD, Api, running_api
from tests.api.line import cuttable
from tradingbot.api.middleware import BodyLimit

PROBLEM = {"type", "title", "status", "detail", "code"}


async def post(api: Api, token: str, content: bytes, kind: str = "application/json") -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    answer = await api.http.post("/api/bots", content=content, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= PROBLEM
    return answer.status_code


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"name":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"name":"a\\u0000b"}',
        b"[" * 100_000,
        b'{"account_id":' + b"9" * 5000 + b"}",
        b'{"account_id":1e999999999}',
        b'{"params":{"investment":1e999999999}}',
    ],
    ids=range(13),
)
async def test_a_body_that_is_no_request_is_refused(api: Api, ann: str, content: bytes) -> None:
    assert await post(api, ann, content) in {400, 422}


async def test_a_body_of_another_kind_is_refused(api: Api, ann: str) -> None:
    body = json.dumps(BOT).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        assert await post(api, ann, body, kind) == 422


async def test_more_than_a_megabyte_is_413_also_when_its_length_is_not_said(
    api: Api, ann: str
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 2**15

    headers = {"Authorization": f"Bearer {ann}", "Content-Type": "application/json"}
    for content in (b" " * (2**20 + 1), chunks()):
        answer = await api.http.post("/api/bots", content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"


async def test_a_body_too_long_is_read_before_the_answer_so_that_its_sender_sees_it() -> None:
    chunks = [{"body": b" " * 2**20, "more_body": more} for more in (True, True, False)]
    answers: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", **chunks.pop(0)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert chunks == []
            answers.append(message["status"])

    async def unreached(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError((scope, receive, send))

    said = [(b"content-length", str(3 * 2**20).encode())]
    await BodyLimit(unreached)({"type": "http", "headers": said}, receive, send)
    assert answers == [413]


async def test_wrong_addresses_and_methods_are_problems_too(api: Api) -> None:
    nowhere = await api.call("GET", "/api/nothing")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    wrong = await api.call("PATCH", "/api/bots")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"]


async def test_a_refused_input_is_never_echoed(api: Api, ann: str) -> None:
    secret = "what-nobody-may-read\n"
    answer = await api.call("POST", "/api/bots", BOT | {"api_secret": secret}, token=ann)
    assert answer.status_code == 422
    assert secret.strip() not in answer.text
    answer = await api.call("POST", "/api/auth/login", {"email": 5, "password": PASSWORD})
    assert PASSWORD not in answer.text


async def test_our_own_fault_is_a_number_to_find_in_the_log_and_nothing_else(
    api: Api, ann: str
) -> None:
    await api.rows("ALTER TABLE bots RENAME COLUMN status_reason TO gone")
    for path in ("/api/bots", "/api/bots/1"):
        answer = await api.call("GET", path, token=ann)
        assert answer.status_code == 500
        assert set(answer.json()) == PROBLEM | {"error_id"}
        assert "status_reason" not in answer.text


async def test_a_database_that_is_away_is_503_with_a_time_to_come_back(
    database_url: str, redis_url: str
) -> None:
    async with (
        cuttable(database_url) as line,
        running_api(line.url, redis_url, "http://127.0.0.1:9") as api,
    ):
        ann = await api.token()
        line.cut()
        assert (await api.call("GET", "/api/bots", token=ann)).status_code == 503
        await line.mend()
        # What was broken is not used again, also by the road that passes SQLAlchemy by.
        assert (await api.call("GET", "/api/bots", token=ann)).status_code == 200
        line.cut()
        for path in ("/api/bots", "/api/auth/me", "/api/stats", "/api/bots"):
            answer = await api.call("GET", path, token=ann)
            assert answer.status_code == 503, (path, answer.text)
            assert answer.json()["code"] == "database_unreachable"
            assert int(answer.headers["retry-after"]) > 0
        ready = await api.call("GET", "/health/ready")
        assert ready.status_code == 503
        assert ready.json()["parts"]["database"] != "ok"
        assert (await api.call("GET", "/health/live")).status_code == 200
        await line.mend()
        assert (await api.call("GET", "/api/bots", token=ann)).status_code == 200
