"""No secret is shown, in whatever form it comes by."""

import base64
import json
import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from tradingbot.kit.scrub import HIDDEN, scrub, scrub_text
from tradingbot.kit.vault import Vault

# Long enough not to be in a text by chance; the letters that keys, signatures and tokens have.
SECRETS = st.text(string.ascii_letters + string.digits, min_size=12, max_size=64)
WILD = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=12, max_size=40)
NAMES = st.sampled_from(
    [
        "api_key", "apiKey", "API_SECRET", "secret", "password", "access_token", "Authorization",
        "signature", "X-MBX-APIKEY", "listenKey", "refresh_token", "client_secret", "set-cookie",
    ]
)  # fmt: skip

FORMS = [
    "GET /api/v3/order?symbol=BTCUSDT&NAME=VALUE&x=1",
    "failed with NAME=VALUE, retry",
    "NAME: VALUE",
    '{"a":1,"NAME":"VALUE","b":2}',
    json.dumps('{"a": 1, "NAME": "VALUE"}'),
    "{'NAME': 'VALUE'}",
    "{'NAME': b'VALUE'}",
    "Credentials(NAME='VALUE', mode='paper')",
    "Body(NAME=SecretStr('VALUE'))",
    "Authorization: Bearer VALUE",
    "{'Authorization': 'Bearer VALUE'}",
    "cannot connect to postgresql://trader:VALUE@db:5432/x",
    "redis://:VALUE@127.0.0.1:6379/0 is away",
    "https://VALUE@sentry.example/1",
    "[SQL: UPDATE t]\n[parameters: ('VALUE', 1)]",
]


@given(NAMES, SECRETS, st.sampled_from(FORMS))
def test_no_form_of_text_shows_a_secret(name: str, secret: str, form: str) -> None:
    assert secret not in scrub_text(form.replace("NAME", name).replace("VALUE", secret))


@given(NAMES, WILD)
def test_a_quoted_secret_may_hold_anything(name: str, secret: str) -> None:
    for text in (json.dumps({name: secret}, ensure_ascii=False), f"({name}={secret!r})"):
        shown = scrub_text(text)
        assert secret not in shown
        assert len(shown) < len(text)


@given(NAMES, SECRETS, st.integers(0, 5))
def test_a_value_with_a_secrets_name_is_hidden_however_deep(
    name: str, secret: str, depth: int
) -> None:
    value: object = {name: secret, "bot_id": 7}
    for level in range(depth):
        value = [value] if level % 2 else {"inside": value}
    shown = json.dumps(scrub(value))
    assert secret not in shown
    assert "7" in shown


@given(st.binary(min_size=4, max_size=40), st.binary(min_size=32, max_size=32))
def test_tokens_are_known_by_their_look(payload: bytes, signature: bytes) -> None:
    def encode(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    head = encode(b'{"alg":"HS256"}')
    jwt = f"{head}.{encode(payload)}.{encode(signature)}"
    telegram = f"{123456789}:{encode(signature)}"
    for token in (jwt, telegram, Vault("k" * 32).seal("secret")):
        assert token not in scrub_text(f"seen {token} here")


@given(st.text(max_size=300))
def test_scrubbing_again_changes_nothing(text: str) -> None:
    once = scrub_text(text)
    assert scrub_text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "order 12 filled: buy 0.001 BTC/USDT at 50000, fee 0.05 USDT",
        "GET https://api.binance.com/api/v3/ticker?symbol=BTCUSDT 200 in 12 ms",
        "connection to 127.0.0.1:5432 refused",
        "bot 'Моя сетка' is running",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub_text(text) == text


def test_numbers_and_harmless_names_stay() -> None:
    line = {"bot_id": 1, "api_key_hint": "wxyz", "lease_token": 4, "price": Decimal("0.10")}
    assert scrub(line) == {"bot_id": 1, "api_key_hint": "wxyz", "lease_token": 4, "price": "0.10"}


def test_objects_are_shown_by_their_words_without_secrets() -> None:
    class Key(BaseModel):
        name: str
        api_secret: str

    shown = scrub({"body": Key(name="mine", api_secret="AbCdEf123456")})
    assert shown == {"body": f"name='mine' api_secret={HIDDEN}"}


def test_nothing_makes_it_fail() -> None:
    class Rude:
        def __str__(self) -> str:
            raise ValueError

    loop: list[object] = []
    loop.append(loop)
    assert "Rude" in json.dumps(scrub([Rude(), loop, float("nan"), 10**30, {1: b"\xff"}, {2, 3}]))


def test_a_long_line_takes_no_long_time() -> None:
    for part in ("a", "token", "://", "api_key=", "\\", '"', "eyJ", "secret:'"):
        assert scrub_text(part * 20_000)
