"""An address is used once it is proven; every e-mail has a way out."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.client import PUBLIC_URL, VAULT, Api
from tradingbot.kit.clock import SystemClock
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.confirmation import Confirmations
from tradingbot.notifications.confirmation_post import ConfirmationPost
from tradingbot.notifications.errors import CannotDeliver
from tradingbot.notifications.ports import Message, Receipt
from tradingbot.notifications.way_out import WayOut

SETTINGS = "/api/notifications/settings"
EMAIL = "/api/notifications/email"
ON = {"email_enabled": True, "email_address": "anna@example.com"}


class Mailbox:
    name = "email"

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.refuses = ""

    async def send(self, message: Message) -> Receipt:
        if self.refuses:
            raise CannotDeliver(self.refuses, gone=True)
        self.got.append(message)
        return Receipt()


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def post(api: Api, mailbox: Mailbox) -> ConfirmationPost:
    audiences = Audiences(api.database)
    confirmations = Confirmations(api.database, VAULT, audiences, PUBLIC_URL, offered=True)
    return ConfirmationPost(api.database, confirmations, mailbox, SystemClock())


async def put(api: Api, token: str, body: Mapping[str, object]) -> Any:
    answer = await api.call("PUT", SETTINGS, body, token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def proven(api: Api, token: str) -> bool:
    answer = await api.call("GET", SETTINGS, token=token)
    return answer.json()["email_verified_at"] is not None


def link(message: Message) -> str:
    found = str(message.data["link"])
    assert found.startswith(PUBLIC_URL)
    return found.removeprefix(PUBLIC_URL)


async def later(api: Api, seconds: int) -> None:
    statement = "UPDATE email_verifications SET created_at = created_at - make_interval(secs => :s)"
    async with api.database.begin() as connection:
        await connection.execute(text(statement), {"s": seconds})


async def test_a_code_proves_an_address(
    api: Api, ann: str, post: ConfirmationPost, mailbox: Mailbox
) -> None:
    await put(api, ann, ON | {"language": "ru", "timezone": "Asia/Almaty"})
    assert await post.send_one()
    assert not await post.send_one()
    (message,) = mailbox.got
    assert message.address == "anna@example.com"
    assert message.title == "Это ваш адрес?"
    assert message.happened_at.tzname() == "+05"
    code = message.facts[0][1]
    assert not await proven(api, ann)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    refused = await api.call("POST", f"{EMAIL}/code", {"code": wrong}, token=ann)
    assert (refused.status_code, refused.json()["code"]) == (422, "code_wrong")
    assert not await proven(api, ann)
    right = await api.call("POST", f"{EMAIL}/code", {"code": code}, token=ann)
    assert right.status_code == 200
    assert await proven(api, ann)


async def test_a_link_proves_it_when_its_button_is_pressed_and_not_before(
    api: Api, ann: str, post: ConfirmationPost, mailbox: Mailbox
) -> None:
    await put(api, ann, ON)
    await post.send_one()
    page = await api.call("GET", link(mailbox.got[0]))
    assert "anna@example.com" in page.text
    assert not await proven(api, ann)
    assert (await api.call("POST", link(mailbox.got[0]))).status_code == 200
    assert await proven(api, ann)


async def test_another_address_must_be_proven_anew(
    api: Api, ann: str, post: ConfirmationPost, mailbox: Mailbox
) -> None:
    await put(api, ann, ON)
    await post.send_one()
    await api.call("POST", link(mailbox.got[0]))
    await later(api, 61)
    await put(api, ann, {"email_address": "eve@example.com"})
    assert not await proven(api, ann)
    assert (await api.call("POST", link(mailbox.got[0]))).status_code == 404
    assert not await proven(api, ann)
    await post.send_one()
    assert mailbox.got[1].address == "eve@example.com"


async def test_five_wrong_codes_end_a_letter(
    api: Api, ann: str, post: ConfirmationPost, mailbox: Mailbox
) -> None:
    await put(api, ann, ON)
    await post.send_one()
    code = mailbox.got[0].facts[0][1]
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        await api.call("POST", f"{EMAIL}/code", {"code": wrong}, token=ann)
    refused = await api.call("POST", f"{EMAIL}/code", {"code": code}, token=ann)
    assert refused.status_code == 422
    assert not await proven(api, ann)


async def test_a_letter_is_over_after_a_day(
    api: Api, ann: str, post: ConfirmationPost, mailbox: Mailbox
) -> None:
    await put(api, ann, ON)
    await post.send_one()
    async with api.database.begin() as connection:
        await connection.execute(
            text("UPDATE email_verifications SET expires_at = expires_at - interval '24 hours'")
        )
    code = mailbox.got[0].facts[0][1]
    refused = await api.call("POST", f"{EMAIL}/code", {"code": code}, token=ann)
    assert refused.status_code == 422
    assert (await api.call("POST", link(mailbox.got[0]))).status_code == 404


async def test_letters_have_a_pace(api: Api, ann: str, bob: str) -> None:
    first = await api.call("POST", f"{EMAIL}/verify", token=ann)
    assert first.status_code == 202
    second = await api.call("POST", f"{EMAIL}/verify", token=ann)
    assert (second.status_code, second.json()["code"]) == (429, "too_many_letters")
    assert 0 < int(second.headers["Retry-After"]) <= 60
    for _ in range(4):
        await later(api, 61)
        assert (await api.call("POST", f"{EMAIL}/verify", token=ann)).status_code == 202
    await later(api, 61)
    sixth = await api.call("POST", f"{EMAIL}/verify", token=ann)
    assert sixth.status_code == 429
    assert int(sixth.headers["Retry-After"]) > 60
    # To the same address by somebody else: the mailbox is one and the same.
    await put(api, bob, {"email_address": "ann@example.com"})
    assert (await api.call("POST", f"{EMAIL}/verify", token=bob)).status_code == 429


async def test_a_mailbox_nobody_knows_leaves_a_note(
    api: Api, ann: str, post: ConfirmationPost, mailbox: Mailbox
) -> None:
    mailbox.refuses = "550 no such mailbox"
    await put(api, ann, ON)
    assert await post.send_one()
    settings = (await api.call("GET", SETTINGS, token=ann)).json()
    assert settings["notes"]["email"] == "550 no such mailbox"
    assert not await post.send_one()


@pytest.mark.parametrize("token", ["", "1", "1.", "1.x", "x.y", "9" * 40 + ".x", "٣.x", "-1.é"])
@pytest.mark.parametrize("page", ["confirm", "unsubscribe"])
async def test_a_broken_link_does_nothing(api: Api, page: str, token: str) -> None:
    for method in ("GET", "POST"):
        answer = await api.http.request(method, f"{EMAIL}/{page}", params={"token": token})
        assert answer.status_code == 404
        assert "link is over" in answer.text


async def test_the_way_out_ends_e_mails_and_nothing_else(api: Api, ann: str, bob: str) -> None:
    await put(api, ann, ON | {"telegram_enabled": True})
    await put(api, bob, ON | {"email_address": "bob@example.com"})
    out = WayOut(api.database, VAULT, Audiences(api.database), PUBLIC_URL)
    path = out.link(1, "anna@example.com").removeprefix(PUBLIC_URL)
    assert "anna@example.com" in (await api.call("GET", path)).text
    assert (await api.call("GET", SETTINGS, token=ann)).json()["email_enabled"]
    done = await api.http.post(path, data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    after = (await api.call("GET", SETTINGS, token=ann)).json()
    assert not after["email_enabled"]
    assert after["telegram_enabled"]
    assert (await api.call("GET", SETTINGS, token=bob)).json()["email_enabled"]
