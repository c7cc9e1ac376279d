"""E-mails through a real SMTP server: encrypted, signed in, refused, put off."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.adapters.mail_host import PASSWORD, USER, MailHost, certificate, mail_host
from tests.notifications.samples import SAMPLES
from tradingbot.adapters.smtp_line import SmtpLine, is_gone
from tradingbot.adapters.smtp_mailer import SmtpMailer
from tradingbot.events.schemas import EventType
from tradingbot.kit.clock import SystemClock
from tradingbot.notifications.errors import CannotDeliver, Later
from tradingbot.notifications.mail_server import Sender, mail_server
from tradingbot.notifications.messages import LANGUAGES, tell
from tradingbot.notifications.ports import Message

SIGNED_IN = f"{quote(USER)}:{quote(PASSWORD, safe='')}"
WAY_OUT = "https://bots.example.com/out?token=1.abc"
CURVE = [["24.11.", "0"], ["25.11.", "12.5"]]


def message(
    kind: EventType = EventType.ORDER_FILLED, language: str = "en", **changes: Any
) -> Message:
    data = SAMPLES[kind] | changes
    telling = tell(kind, data, language)
    return Message(
        delivery_ids=(7,),
        user_id=1,
        address="anna@example.com",
        event_type=kind,
        language=language,
        title=telling.title,
        facts=telling.facts,
        advice=telling.advice,
        text=telling.text,
        data=data,
        happened_at=datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    )


@asynccontextmanager
async def mailer(url: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[SmtpMailer]:
    line = SmtpLine(mail_server(url), tls)
    by = Sender("Bots", "bots@example.com")
    try:
        yield SmtpMailer(line, by, SystemClock(), lambda _, __: WAY_OUT)
    finally:
        await line.aclose()


async def refusal(host: MailHost, url: str = "") -> Exception:
    async with mailer(url or f"smtp://127.0.0.1:{host.port}") as channel:
        with pytest.raises(Exception) as caught:  # noqa: PT011  # what it is, is the question
            await channel.send(message())
    return caught.value


async def test_it_says_everything_a_mail_client_asks_for() -> None:
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        receipt = await channel.send(message())
        await channel.send(message())
    first, second = host.got
    assert first["Subject"] == "Order filled · My grid"
    assert first["From"] == "Bots <bots@example.com>"
    assert first["To"] == "anna@example.com"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["List-Unsubscribe"] == f"<{WAY_OUT}>"
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert first["Date"]
    assert first["Message-ID"] == second["Message-ID"] == receipt.reference
    assert receipt.words == "2.0.0 kept as 42"
    assert first.get_content_type() == "multipart/alternative"


async def test_one_line_is_used_while_there_is_more() -> None:
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        await asyncio.gather(*(channel.send(message()) for _ in range(5)))
        assert (len(host.got), host.lines) == (5, 1)


@pytest.mark.parametrize("language", sorted(LANGUAGES))
async def test_every_kind_of_event_arrives_in_both_parts(language: str) -> None:
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        for kind in EventType:
            await channel.send(message(kind, language))
    assert len(host.got) == len(EventType)
    for kind, mail in zip(EventType, host.got, strict=True):
        title = tell(kind, SAMPLES[kind], language).title
        for part in ("plain", "html"):
            body = mail.get_body((part,))
            assert body is not None
            assert title in body.get_content()


async def test_a_password_goes_out_encrypted(tmp_path: Path) -> None:
    tls, trusting = certificate(tmp_path)
    async with mail_host(tls, auth=True) as host:
        url = f"smtp://{SIGNED_IN}@127.0.0.1:{host.port}?starttls=required"
        async with mailer(url, trusting) as channel:
            await channel.send(message())
        assert host.encrypted == [True]


async def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    tls, trusting = certificate(tmp_path)
    async with mail_host(tls, auth=True, tls_first=True) as host:
        async with mailer(f"smtps://{SIGNED_IN}@127.0.0.1:{host.port}", trusting) as channel:
            await channel.send(message())
        assert len(host.got) == 1


async def test_a_certificate_nobody_signed_is_not_trusted(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path)
    async with mail_host(tls, auth=True) as host:
        url = f"smtp://{SIGNED_IN}@127.0.0.1:{host.port}"
        assert isinstance(await refusal(host, url), Later)
        async with mailer(f"{url}?verify=no") as channel:
            await channel.send(message())
        assert len(host.got) == 1


async def test_no_starttls_where_it_is_required_sends_nothing() -> None:
    async with mail_host() as host:
        why = await refusal(host, f"smtp://127.0.0.1:{host.port}?starttls=required")
        assert isinstance(why, Later)
        assert host.got == []


async def test_a_wrong_password_waits_for_the_operator_and_is_not_shown() -> None:
    async with mail_host(auth=True) as host:
        url = f"smtp://{quote(USER)}:wr0ng-secret@127.0.0.1:{host.port}"
        why = await refusal(host, url)
    assert isinstance(why, Later)
    assert why.seconds >= 60
    assert "SMTP_URL" in str(why)
    assert "wr0ng-secret" not in str(why)


@pytest.mark.parametrize(
    ("command", "answer", "kind", "gone"),
    [
        ("RCPT", "550 5.1.1 no such mailbox", CannotDeliver, True),
        ("RCPT", "550 no such mailbox", CannotDeliver, True),
        ("RCPT", "550 5.7.1 looks like spam", CannotDeliver, False),
        ("DATA", "554 5.6.0 not like that", CannotDeliver, False),
        ("MAIL", "553 5.7.1 not your address", Later, False),
    ],
)
async def test_what_will_never_do_is_not_tried_again(
    command: str, answer: str, kind: type[Exception], *, gone: bool
) -> None:
    async with mail_host() as host:
        host.answers[command] = answer
        why = await refusal(host)
    assert type(why) is kind
    assert getattr(why, "gone", False) is gone


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_what_may_do_later_is_tried_again_on_the_same_line(command: str) -> None:
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        host.answers[command] = "451 4.3.0 too busy"
        with pytest.raises(Exception, match="too busy") as caught:
            await channel.send(message())
        assert not isinstance(caught.value, CannotDeliver)
        host.answers.clear()
        await channel.send(message())
        assert (len(host.got), host.lines) == (1, 1)


async def test_nobody_there_means_later() -> None:
    async with mail_host() as host:
        port = host.port
    assert isinstance(await refusal(host, f"smtp://127.0.0.1:{port}"), Later)


async def test_a_name_brings_no_header_and_no_markup_of_its_own() -> None:
    evil = "x\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script>"
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        await channel.send(message(bot=evil))
    (mail,) = host.got
    assert mail["Bcc"] is None
    page = mail.get_body(("html",))
    assert page is not None
    assert "<script>" not in page.get_content()
    assert "&lt;script&gt;" in page.get_content()


@pytest.mark.parametrize("address", ["no address", "a@b\r\nBcc: c@d", "a@", ""])
async def test_what_is_no_address_is_gone(address: str) -> None:
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        bad = Message(**{**_fields(message()), "address": address})
        with pytest.raises(CannotDeliver) as caught:
            await channel.send(bad)
    assert caught.value.gone
    assert host.got == []


async def test_a_summary_brings_its_picture() -> None:
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        await channel.send(message(EventType.DAILY_SUMMARY, curve=CURVE))
        await channel.send(message(EventType.DAILY_SUMMARY, curve=[["a"], "nonsense"]))
    drawn, plain = host.got
    (picture,) = [part for part in drawn.walk() if part.get_content_type() == "image/png"]
    page = drawn.get_body(("related", "html"))
    assert page is not None
    assert picture.get_payload(decode=True)[:4] == b"\x89PNG"  # type: ignore[index]  # bytes
    assert picture["Content-ID"] == "<curve@tradingbot>"
    assert not any(part.get_content_type() == "image/png" for part in plain.walk())


async def test_a_picture_has_its_figure_in_the_readers_way() -> None:
    async with mail_host() as host, mailer(f"smtp://127.0.0.1:{host.port}") as channel:
        for language in ("en", "ru", "ru"):
            await channel.send(message(EventType.DAILY_SUMMARY, language, curve=CURVE))
    english, russian, again = (
        [part.get_payload() for part in mail.walk() if part.get_content_type() == "image/png"]
        for mail in host.got
    )
    assert english != russian == again != []


def test_a_mailbox_nobody_knows_is_told_from_a_letter_nobody_wants() -> None:
    assert is_gone(550, "5.1.1 unknown")
    assert is_gone(550, "who?")
    assert not is_gone(550, "5.7.1 blocked")
    assert not is_gone(552, "5.2.2 full")


def _fields(one: Message) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Message.__dataclass_fields__}
