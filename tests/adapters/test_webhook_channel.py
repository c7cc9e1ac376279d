"""Messages to people's own addresses: signed, understood, and never into a private network."""

import hashlib
import hmac
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from aiohttp import web

from tests.notifications.receiver import Receiver, receiving
from tradingbot.adapters.apprise_speaker import harmless
from tradingbot.adapters.web_gate import WebGate, host_of
from tradingbot.adapters.webhook_channel import WebhookChannel
from tradingbot.kit.clock import SystemClock
from tradingbot.notifications.errors import AddressRefused, CannotDeliver, Later
from tradingbot.notifications.ports import Message, Receipt
from tradingbot.notifications.web_addresses import unknown_option

SECRET = "a secret of one user's"
MESSAGE = Message(
    delivery_ids=(7, 8),
    user_id=1,
    address="",
    event_type="order_filled",
    language="en",
    title="Order filled",
    facts=(("Bot", "My *grid* @everyone"), ("Price", "60,000.00 USDT")),
    advice="Nothing to do.",
    text="Order filled: My grid",
    data={"price": "60000"},
    happened_at=datetime(2026, 1, 6, 12, tzinfo=UTC),
)


async def secret_of(_: int) -> str:
    return SECRET


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(Receiver()) as receiver:
        yield receiver


async def send(address: str, *, allow_private: bool = True) -> Receipt:
    channel = WebhookChannel(WebGate(allow_private=allow_private), SystemClock(), secret_of)
    async with aclosing(channel):
        return await channel.send(replace(MESSAGE, address=address))


async def test_our_json_is_signed_over_the_moment_it_was_sent(receiver: Receiver) -> None:
    assert await send(receiver.url) == Receipt("r-1", "HTTP 200 taken")
    headers = receiver.headers[0]
    signed = f"{headers['X-Timestamp']}.".encode() + receiver.raw[0]
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Signature"] == f"sha256={expected}"
    assert receiver.bodies[0] == {
        "delivery_ids": [7, 8],
        "event_type": "order_filled",
        "language": "en",
        "title": "Order filled",
        "facts": [
            {"label": "Bot", "value": "My *grid* @everyone"},
            {"label": "Price", "value": "60,000.00 USDT"},
        ],
        "advice": "Nothing to do.",
        "text": "Order filled: My grid",
        "data": {"price": "60000"},
        "happened_at": "2026-01-06T12:00:00.000000Z",
    }


@pytest.mark.parametrize(
    ("answer", "becomes"),
    [
        (web.Response(status=404, text="no such hook"), CannotDeliver("HTTP 404 no such hook")),
        (web.Response(status=410), CannotDeliver("HTTP 410", gone=True)),
        (
            web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
            CannotDeliver("HTTP 302: it answers with a redirect, which is not followed"),
        ),
        (web.Response(status=429, headers={"Retry-After": "7"}), Later(7, "HTTP 429")),
        (web.Response(status=429), Later(30, "HTTP 429")),
        (web.Response(status=503, headers={"Retry-After": "9"}), Later(9, "HTTP 503")),
        (web.Response(status=503, headers={"Retry-After": "soon"}), Exception("HTTP 503")),
        (web.Response(status=500, text="oh"), Exception("HTTP 500 oh")),
        (web.Response(status=408), Exception("HTTP 408")),
    ],
)
async def test_each_answer_is_understood(
    receiver: Receiver, answer: web.Response, becomes: Exception
) -> None:
    receiver.answer = answer
    with pytest.raises(type(becomes)) as met:
        await send(receiver.url)
    assert str(met.value) == str(becomes)
    if not isinstance(becomes, CannotDeliver | Later):
        assert not isinstance(met.value, CannotDeliver | Later)
    assert getattr(met.value, "gone", None) == getattr(becomes, "gone", None)
    assert getattr(met.value, "seconds", None) == getattr(becomes, "seconds", None)


HOSTS = ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"]


@pytest.mark.parametrize(
    ("scheme", "host"),
    # Apprise takes the odd ones for no hosts at all.
    [*product(["http"], HOSTS), *product(["ntfy", "json"], HOSTS[:4])],
)
async def test_nothing_goes_to_a_private_network(
    receiver: Receiver, scheme: str, host: str
) -> None:
    url = receiver.url.replace("127.0.0.1", host).replace("http", scheme)
    with pytest.raises(AddressRefused, match="private network"):
        await WebGate().check(url)
    with pytest.raises(CannotDeliver, match="private network"):
        await send(url, allow_private=False)
    assert receiver.raw == []


@pytest.mark.parametrize("scheme", ["http", "ntfy"])
async def test_a_name_that_changes_its_mind_leads_nowhere(
    receiver: Receiver, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is looked at, private when it is connected to."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host != "rebind.example":
            return real(host, port, *rest, **more)
        asked.append(host)
        return real("8.8.8.8" if len(asked) == 1 else "127.0.0.1", port, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = receiver.url.replace("127.0.0.1", "rebind.example").replace("http", scheme)
    if scheme == "ntfy":
        await WebGate().check(url)
    with pytest.raises(CannotDeliver, match="private network"):
        await send(url, allow_private=False)
    assert len(asked) == 2
    assert receiver.raw == []


async def test_ntfy_gets_the_message_in_its_own_way(receiver: Receiver) -> None:
    receipt = await send(receiver.url.replace("http", "ntfy"))
    assert receipt.words == "ntfy took it"
    assert receiver.bodies[0]["topic"] == "hook"
    assert receiver.bodies[0]["title"] == "Order filled"
    assert "Price: 60,000.00 USDT" in receiver.bodies[0]["message"]
    assert "@everyone" not in receiver.bodies[0]["message"]


@pytest.mark.parametrize(
    ("status", "kind", "attributes"),
    [(404, CannotDeliver, {"gone": False}), (410, CannotDeliver, {"gone": True}),
     (429, Later, {"seconds": 30}), (500, Exception, {})],
)  # fmt: skip
async def test_what_apprise_was_told_is_understood(
    receiver: Receiver, status: int, kind: type[Exception], attributes: dict[str, object]
) -> None:
    receiver.answer = web.Response(status=status)
    with pytest.raises(kind) as met:
        await send(receiver.url.replace("http", "ntfy"))
    assert {name: getattr(met.value, name) for name in attributes} == attributes
    assert str(met.value) == f"ntfy answered HTTP {status}"


async def test_apprise_follows_no_redirect(receiver: Receiver) -> None:
    async with receiving(Receiver()) as other:
        receiver.answer = web.Response(status=307, headers={"Location": other.url})
        with pytest.raises(Exception, match="ntfy answered HTTP 307"):
            await send(receiver.url.replace("http", "ntfy"))
        assert other.raw == []


def test_options_that_read_files_are_refused() -> None:
    assert unknown_option("discord://1/2?template=/etc/passwd") == "template"
    assert unknown_option("ntfy://host/topic?redirect=yes") == "redirect"
    assert unknown_option("ntfy://host/topic?priority=high") is None


async def test_a_refused_option_is_a_dead_letter() -> None:
    with pytest.raises(CannotDeliver, match="template"):
        await send("discord://123456/abcdef?template=/etc/passwd")


def test_where_a_request_really_goes() -> None:
    assert host_of("discord://123/token") == "discord.com"
    assert host_of("slack://a/b/c") == "hooks.slack.com"
    assert host_of("ntfy://topic") == "ntfy.sh"
    assert host_of("ntfy://host/topic") == "host"
    assert host_of("https://user:pass@example.com:8443/x") == "example.com"


async def test_a_name_nobody_knows_is_refused() -> None:
    with pytest.raises(AddressRefused, match="no such host"):
        await WebGate().check("https://no-such-host.invalid/x")


def test_names_are_no_markup() -> None:
    assert harmless("*a* [b](c)", "discord") == r"\*a\* \[b\]\(c\)"
    assert "<" not in harmless("<!channel> & co", "slack")
    assert "@here" not in harmless("@here", "ntfy")


class RootLog(logging.Handler):
    """What reaches the one log of a process."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != "aiohttp.access":  # the receiver's own
            self.lines.append(record.getMessage())


async def test_a_token_in_an_address_is_in_no_line_of_the_log(receiver: Receiver) -> None:
    receiver.answer = web.Response(status=500)
    url = receiver.url.replace("http", "mmost").replace("hook", "abcdefgh12345678")
    root, log = logging.getLogger(), RootLog()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.DEBUG)
    try:
        with pytest.raises(Exception, match="answered HTTP 500") as met:
            await send(url)
    finally:
        root.setLevel(level)
        root.removeHandler(log)
    assert "abcdefgh12345678" not in f"{log.lines} {met.value}"
    assert not any("Mattermost" in line for line in log.lines)
