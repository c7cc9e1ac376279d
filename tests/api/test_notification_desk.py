"""Trying a channel, sending again, and seeing what went wrong, over HTTP."""

import json
from contextlib import aclosing

import pytest
from redis.asyncio import Redis

from tests.api.client import VAULT, Api
from tests.kit.waiting import consuming, until
from tests.notifications.receiver import Receiver, receiving
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.adapters.web_gate import WebGate
from tradingbot.adapters.webhook_channel import WebhookChannel
from tradingbot.kit.clock import SystemClock
from tradingbot.notifications.channels import QUEUE
from tradingbot.notifications.courier import Courier
from tradingbot.notifications.router import Router

BASE = "/api/notifications"
# Public, and nothing is ever sent there by these tests.
PUBLIC = "https://1.1.1.1/hook"


async def test_a_first_address_of_ones_own_brings_a_secret_shown_once(api: Api, ann: str) -> None:
    first = await api.call("PUT", f"{BASE}/settings", {"webhook_url": PUBLIC}, token=ann)
    assert first.status_code == 200, first.text
    secret = first.json()["webhook_secret"]
    assert len(secret) > 30
    again = await api.call("PUT", f"{BASE}/settings", {"webhook_enabled": True}, token=ann)
    assert again.json()["webhook_secret"] is None
    assert secret not in (await api.call("GET", f"{BASE}/settings", token=ann)).text
    (row,) = await api.rows("SELECT webhook_secret_encrypted FROM notification_settings")
    assert VAULT.open(row["webhook_secret_encrypted"]) == secret
    new = await api.call("POST", f"{BASE}/webhook/secret", token=ann)
    assert new.json()["webhook_secret"] != secret


async def test_what_was_read_can_be_put_back(api: Api, ann: str) -> None:
    chosen = {"quiet_from": "22:30", "quiet_until": "07:00", "timezone": "Europe/Berlin"}
    await api.call("PUT", f"{BASE}/settings", chosen, token=ann)
    before = (await api.call("GET", f"{BASE}/settings", token=ann)).json()
    assert before["quiet_from"] == "22:30"
    answer = await api.call("PUT", f"{BASE}/settings", before | {"telegram_role": "x"}, token=ann)
    assert answer.status_code == 200, answer.text
    assert (await api.call("GET", f"{BASE}/settings", token=ann)).json() == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"webhook_url": "http://127.0.0.1/x"}, "webhook_url"),
        ({"webhook_url": "http://localhost:6379/"}, "webhook_url"),
        ({"webhook_url": "http://169.254.169.254/latest/meta-data"}, "webhook_url"),
        ({"webhook_url": "ntfy://10.0.0.1/topic"}, "webhook_url"),
        ({"webhook_url": "http://[::ffff:10.0.0.1]/"}, "webhook_url"),
        ({"webhook_url": "discord://1/2?template=/etc/passwd"}, "webhook_url"),
        ({"webhook_url": "syslog://localhost"}, "webhook_url"),
        ({"webhook_url": "file:///etc/passwd"}, "webhook_url"),
        ({"quiet_from": "22:00"}, "quiet_until"),
        ({"quiet_until": "22:00"}, "quiet_from"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_until"),
        ({"quiet_from": "25:00", "quiet_until": "22:00"}, "quiet_from"),
        ({"quiet_from": "22:00+02:00", "quiet_until": "07:00"}, "quiet_from"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"max_per_minute": 0}, "max_per_minute"),
        ({"max_per_minute": "many"}, "max_per_minute"),
    ],
)
async def test_each_refused_value_is_named(
    api: Api, ann: str, change: dict[str, object], field: str
) -> None:
    before = (await api.call("GET", f"{BASE}/settings", token=ann)).json()
    answer = await api.call("PUT", f"{BASE}/settings", change, token=ann)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await api.call("GET", f"{BASE}/settings", token=ann)).json() == before


@pytest.mark.parametrize(
    ("channel", "status", "field"),
    [("webhook", 422, "webhook_enabled"), ("telegram", 409, "channel"), ("email", 409, "channel"),
     ("pigeon", 422, "channel")],
)  # fmt: skip
async def test_a_channel_that_is_not_set_up_is_named(
    api: Api, ann: str, channel: str, status: int, field: str
) -> None:
    answer = await api.call("POST", f"{BASE}/test", {"channel": channel}, token=ann)
    assert answer.status_code == status, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_test_says_what_the_channel_answered(api: Api, ann: str, redis_url: str) -> None:
    async def secret_of(_: int) -> str:
        return ""

    async with receiving(Receiver()) as receiver:
        await api.call("PUT", f"{BASE}/settings", {"webhook_url": PUBLIC}, token=ann)
        await api.rows(
            "UPDATE notification_settings SET webhook_enabled = true, webhook_url = :url"
            " RETURNING user_id",
            url=receiver.url,
        )
        queue = RedisQueue(redis_url, "notifier")
        channel = WebhookChannel(WebGate(allow_private=True), SystemClock(), secret_of)
        courier = Courier(api.database, channel)
        async with (
            aclosing(channel),
            consuming(queue, {f"{QUEUE}:webhook": courier.handle}),
        ):
            answer = await api.call("POST", f"{BASE}/test", {"channel": "webhook"}, token=ann)
        assert answer.json()["status"] == "sent", answer.text
        assert (answer.json()["reference"], answer.json()["words"]) == ("r-1", "HTTP 200 taken")
        assert receiver.bodies[0]["title"] == "Test"


async def test_no_answer_yet_is_pending(api: Api, ann: str) -> None:
    answer = await api.call("POST", f"{BASE}/test", {"channel": "console"}, token=ann)
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")


async def test_what_was_given_up_is_seen_and_sent_again_by_its_owner(
    api: Api, ann: str, bob: str
) -> None:
    await api.call("POST", f"{BASE}/test", {"channel": "console"}, token=ann)
    number = (await api.call("GET", BASE, token=ann)).json()["items"][0]["id"]
    resend = f"{BASE}/{number}/resend"
    refused = await api.call("POST", resend, token=ann)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_resend")
    await api.rows(
        "UPDATE deliveries SET status = 'dead', error = 'HTTP 404', attempts = 3 RETURNING id"
    )
    dead = (await api.call("GET", f"{BASE}?status=dead", token=ann)).json()["items"]
    assert [one["deliveries"][0]["error"] for one in dead] == ["HTTP 404"]
    assert (await api.call("GET", f"{BASE}?status=sent", token=ann)).json()["items"] == []
    assert (await api.call("POST", resend, token=bob)).status_code == 404
    assert (await api.call("POST", resend)).status_code == 401
    assert (await api.call("POST", resend, token=ann)).json() == {"resent": 1}
    (row,) = await api.rows("SELECT status, attempts FROM deliveries")
    assert row == {"status": "pending", "attempts": 0}


async def test_nonsense_pushed_for_one_is_shown_to_nobody_else(
    api: Api, ann: str, bob: str, redis_url: str
) -> None:
    me = (await api.call("GET", "/api/auth/me", token=ann)).json()["id"]
    queue = RedisQueue(redis_url, "notifier")
    router = Router(api.database, queue)
    async with Redis.from_url(redis_url) as redis, consuming(queue, {QUEUE: router.handle}):
        await redis.lpush(QUEUE, "{", json.dumps({"user_id": me, "event_type": "rain"}))

        async def both_are_dead() -> bool:
            return int(await redis.llen(f"{QUEUE}:dead")) == 2

        await until(both_are_dead)
        (letter,) = (await api.call("GET", f"{BASE}/dead", token=ann)).json()["items"]
        assert letter["reason"].startswith("event_type: ")
        assert letter["item"]["event_type"] == "rain"
        assert (await api.call("GET", f"{BASE}/dead", token=bob)).json() == {"items": []}
