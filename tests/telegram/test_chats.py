"""A chat joins an account by a link or by a code, each once and not for long, and leaves again."""

import asyncio

import pytest

from tests.api.client import Api
from tests.telegram.conftest import Town
from tests.telegram.doorway import BOT_NAME
from tests.telegram.phone import Phone
from tradingbot.kit.database import Database
from tradingbot.telegram import repository
from tradingbot.telegram.greetings import SWEEP_SECONDS

LINK = "/api/notifications/telegram/link"
CHATS = "/api/notifications/telegram/chats"


async def expire(api: Api) -> None:
    await api.rows("UPDATE telegram_links SET expires_at = now() - interval '1 second'")


def code_in(text: str) -> str:
    return text.partition("<code>")[2].partition("</code>")[0]


async def test_a_link_opens_the_bot_and_joins_the_chat(town: Town) -> None:
    body = (await town.api.call("POST", LINK, token=town.token)).json()
    assert body["url"].startswith(f"https://t.me/{BOT_NAME}?start=")
    assert body["command"] == f"/start {body['url'].partition('=')[2]}"
    (chat,) = (await town.api.call("GET", CHATS, token=town.token)).json()["items"]
    assert (chat["id"], chat["role"], chat["kind"]) == (1001, "operator", "private")
    settings = await town.api.call("GET", "/api/notifications/settings", token=town.token)
    assert settings.json()["telegram_enabled"] is True
    assert settings.json()["telegram_chat_id"] == 1001


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_a_link_that_is_used_expired_or_made_up_is_said_to_be(
    town: Town, language: str
) -> None:
    stranger = Phone(town.doorway, chat_id=7007, language=language)
    used = await town.link()
    await town.phone.ask(used)
    late = await town.link()
    await expire(town.api)
    words = {
        "en": ("was used already", "has expired", "There is no such link", "not connected"),
        "ru": ("уже использована", "устарела", "Такой ссылки нет", "не подключён"),
    }[language]
    for said, expected in zip((used, late, "/start made-up", "/bots"), words, strict=True):
        assert expected in (await stranger.ask(said)).text
    chats = (await town.api.call("GET", CHATS, token=town.token)).json()["items"]
    assert [chat["id"] for chat in chats] == [1001]


async def test_a_code_from_the_greeting_joins_the_chat_once(town: Town) -> None:
    other = Phone(town.doorway, chat_id=7007, name="Ann's tablet")
    code = code_in((await other.ask("/start")).text)
    typed = {"code": f" {code.lower().replace('-', ' ')} ", "role": "viewer"}
    joined = await town.api.call("POST", LINK, typed, token=town.token)
    assert joined.status_code == 200, joined.text
    assert joined.json()["chat"]["name"] == "Ann's tablet"
    assert joined.json()["chat"]["role"] == "viewer"
    assert "<b>Connected.</b>" in (await other.reads()).text
    assert "connected already" in (await other.ask("/start")).text
    again = await town.api.call("POST", LINK, {"code": code}, token=town.token)
    assert (again.status_code, again.json()["code"]) == (409, "link_used")


@pytest.mark.usefixtures("in_no_hurry")
@pytest.mark.parametrize(
    ("language", "role", "words"),
    [
        ("en", "operator", "<b>Connected.</b> From now on you hear here what your bots do."),
        ("en", "viewer", "<b>Connected.</b> This chat may look"),
        ("ru", "operator", "<b>Подключено.</b> Теперь здесь будет видно, что делают ваши боты."),
    ],
)
async def test_a_chat_joined_by_its_code_is_told_so_once_in_its_language_and_at_its_pace(
    town: Town, language: str, role: str, words: str
) -> None:
    await town.phone.ask(f"/lang {language}")
    other = Phone(town.doorway, chat_id=7007)
    code = code_in((await other.ask("/start")).text)
    await town.api.call("POST", LINK, {"code": code, "role": role}, token=town.token)
    assert (await other.reads()).text.startswith(words)
    await asyncio.sleep(3 * SWEEP_SECONDS)
    assert [each.chat_id for each in town.doorway.written].count(7007) == 2
    assert town.doorway.violations == []


async def test_a_chat_joined_by_a_link_is_answered_and_not_told_again(town: Town) -> None:
    await asyncio.sleep(3 * SWEEP_SECONDS)
    assert [each.text.partition(".")[0] for each in town.doorway.written] == ["<b>Connected"]


async def test_codes_that_are_wrong_or_late_are_refused_by_field(town: Town) -> None:
    code = code_in((await Phone(town.doorway, chat_id=7007).ask("/start")).text)
    await expire(town.api)
    for given, why in ((code, "link_expired"), ("AAAA-AAAA", "link_unknown"), ("", "link_unknown")):
        answer = await town.api.call("POST", LINK, {"code": given}, token=town.token)
        assert (answer.status_code, answer.json()["code"]) == (422, why)
        assert answer.json()["errors"][0]["field"] == "code"
    # A link's token is no code, nor the other way round.
    token = (await town.link()).removeprefix("/start ")
    answer = await town.api.call("POST", LINK, {"code": token}, token=town.token)
    assert answer.json()["code"] == "link_unknown"


async def test_a_chat_that_joins_another_account_leaves_the_first(town: Town) -> None:
    bob = await town.api.token("bob@example.com")
    command = (await town.api.call("POST", LINK, token=bob)).json()["command"]
    assert "Connected" in (await town.phone.ask(command)).text
    assert (await town.api.call("GET", CHATS, token=town.token)).json()["items"] == []
    settings = await town.api.call("GET", "/api/notifications/settings", token=town.token)
    assert settings.json()["telegram_enabled"] is False
    assert settings.json()["telegram_chat_id"] is None


async def test_ones_own_chats_are_let_go_and_nobody_elses(town: Town) -> None:
    bob = await town.api.token("bob@example.com")
    other = await town.api.call("DELETE", f"{CHATS}/1001", token=bob)
    assert (other.status_code, other.json()["code"]) == (404, "chat_not_found")
    assert (await town.api.call("DELETE", f"{CHATS}/1001", token=town.token)).status_code == 204
    assert "not connected" in (await town.phone.ask("/bots")).text


async def test_who_was_shut_out_is_a_stranger_in_his_chat_too(town: Town) -> None:
    await town.api.rows("UPDATE users SET is_active = false")
    assert "not connected" in (await town.phone.ask("/bots")).text


async def test_without_a_bot_there_is_no_link_and_no_webhook(api: Api) -> None:
    token = await api.token()
    answer = await api.call("POST", LINK, token=token)
    assert (answer.status_code, answer.json()["code"]) == (409, "telegram_off")
    assert (await api.call("POST", LINK)).status_code == 401
    hook = await api.call("POST", "/api/notifications/telegram/webhook", {"update_id": 1})
    assert hook.status_code == 404


async def test_nothing_that_would_let_somebody_in_is_kept(town: Town, database: Database) -> None:
    token = (await town.link()).removeprefix("/start ")
    rows = await town.api.rows("SELECT telegram_links::text AS row FROM telegram_links")
    assert not any(token in row["row"] for row in rows)
    async with database.begin() as connection:
        assert await repository.lock_link(connection, [token]) is None
