"""Signing up, in, on and out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.api.client import PASSWORD, VAULT, Api, running_api
from tests.fakes import FakeClock
from tradingbot.users.tokens import AccessTokens

ANN = {"email": "ann@example.com", "password": PASSWORD}


async def login(api: Api, **changes: str) -> dict[str, Any]:
    answer = await api.call("POST", "/api/auth/login", ANN | changes)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def test_registering_gives_a_user_without_the_password(api: Api) -> None:
    answer = await api.call("POST", "/api/auth/register", ANN | {"email": "Ann@Example.COM"})
    assert answer.status_code == 201
    user = answer.json()
    assert user["email"] == "ann@example.com"
    assert set(user) == {"id", "email", "is_active", "created_at"}
    assert user["created_at"].endswith("Z")


async def test_an_address_is_registered_once_whatever_its_case(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    again = await api.call("POST", "/api/auth/register", ANN | {"email": "ANN@example.com"})
    assert (again.status_code, again.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b..c"}, "email"),
        ({"email": "a\0@example.com"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 73}, "password"),
        ({"password": "ж" * 37}, "password"),
        ({"password": "nul\0inside it"}, "password"),
        ({"is_active": True}, "is_active"),
    ],
)
async def test_a_bad_registration_names_the_field_and_hides_the_value(
    api: Api, change: dict[str, object], field: str
) -> None:
    answer = await api.call("POST", "/api/auth/register", ANN | change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert PASSWORD not in answer.text
    assert await api.rows("SELECT 1 FROM users") == []


async def test_a_login_gives_tokens_for_half_an_hour(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    tokens = await login(api)
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 1800
    me = await api.call("GET", "/api/auth/me", token=tokens["access_token"])
    assert me.json()["email"] == "ann@example.com"


async def test_the_form_of_swagger_works_as_well(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    form = {"grant_type": "password", "username": ANN["email"], "password": PASSWORD}
    answer = await api.http.post("/api/auth/token", data=form)
    assert answer.status_code == 200
    assert (await api.call("GET", "/api/auth/me", token=answer.json()["access_token"])).is_success


@pytest.mark.parametrize("wrong", [{"password": "not the one"}, {"email": "eve@example.com"}])
async def test_a_wrong_password_and_an_unknown_address_look_the_same(
    api: Api, wrong: dict[str, str]
) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    answer = await api.call("POST", "/api/auth/login", ANN | wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "credentials_wrong")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_guessing_has_to_wait_and_says_how_long(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    guess = ANN | {"password": "wrong guess"}
    statuses = [(await api.call("POST", "/api/auth/login", guess)).status_code for _ in range(9)]
    assert statuses == [401] * 8 + [429]
    answer = await api.call("POST", "/api/auth/login", ANN)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 300


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "Bearer " + "x" * 5000],
)
async def test_anything_but_a_token_of_ours_is_401(api: Api, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = await api.call("GET", "/api/auth/me", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_of_nobody_or_of_another_key_is_401(api: Api, ann: str) -> None:
    clock = FakeClock()
    forged = AccessTokens(b"k" * 32, clock, 10**6).issue(1)
    nobody = AccessTokens(VAULT.signing_key(), clock, 10**6).issue(999)
    for token in (forged, nobody, ann[:-3] + "abc"):
        assert (await api.call("GET", "/api/auth/me", token=token)).status_code == 401
        assert (await api.call("GET", "/api/bots", token=token)).status_code == 401


async def test_an_access_token_ends_and_a_refresh_token_gives_the_next(
    database_url: str, redis_url: str
) -> None:
    clock = FakeClock()
    async with running_api(database_url, redis_url, "http://127.0.0.1:9", clock=clock) as api:
        await api.call("POST", "/api/auth/register", ANN)
        tokens = await login(api)
        clock.advance(timedelta(minutes=31).total_seconds())
        late = await api.call("GET", "/api/auth/me", token=tokens["access_token"])
        assert (late.status_code, late.json()["code"]) == (401, "token_expired")
        refresh = {"refresh_token": tokens["refresh_token"]}
        fresh = (await api.call("POST", "/api/auth/refresh", refresh)).json()
        assert (await api.call("GET", "/api/auth/me", token=fresh["access_token"])).is_success


async def test_a_refresh_token_shown_twice_ends_its_whole_family(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    first = {"refresh_token": (await login(api))["refresh_token"]}
    other = {"refresh_token": (await login(api))["refresh_token"]}
    second = {
        "refresh_token": (await api.call("POST", "/api/auth/refresh", first)).json()[
            "refresh_token"
        ]
    }
    reused = await api.call("POST", "/api/auth/refresh", first)
    assert (reused.status_code, reused.json()["code"]) == (401, "token_reused")
    assert (await api.call("POST", "/api/auth/refresh", second)).status_code == 401
    assert (await api.call("POST", "/api/auth/refresh", other)).status_code == 200


async def test_a_refresh_token_works_for_one_of_many_at_once(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    token = {"refresh_token": (await login(api))["refresh_token"]}
    answers = await asyncio.gather(
        *(api.call("POST", "/api/auth/refresh", token) for _ in range(5))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]


async def test_after_logout_the_refresh_token_is_worth_nothing(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    token = {"refresh_token": (await login(api))["refresh_token"]}
    assert (await api.call("POST", "/api/auth/logout", token)).status_code == 204
    assert (await api.call("POST", "/api/auth/refresh", token)).status_code == 401


async def test_an_inactive_user_is_out_at_once(api: Api, ann: str) -> None:
    refresh = {"refresh_token": (await login(api))["refresh_token"]}
    await api.rows("UPDATE users SET is_active = false RETURNING id")
    for path in ("/api/auth/me", "/api/bots", "/api/orders", "/api/stats", "/api/accounts"):
        answer = await api.call("GET", path, token=ann)
        assert answer.status_code == 401, path
    assert (await api.call("POST", "/api/auth/login", ANN)).json()["code"] == "user_inactive"
    assert (await api.call("POST", "/api/auth/refresh", refresh)).status_code == 401


async def test_no_secret_is_kept_in_the_clear(api: Api) -> None:
    await api.call("POST", "/api/auth/register", ANN)
    token = (await login(api))["refresh_token"]
    rows = await api.rows("SELECT password_hash FROM users")
    rows += await api.rows("SELECT token_hash FROM refresh_tokens")
    assert PASSWORD not in str(rows)
    assert token not in str(rows)
