"""Every e-mail as it is read; GOLDEN=write writes the pages anew, to be looked at in the diff."""

import os
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.adapters.test_smtp_mailer import WAY_OUT, message
from tradingbot.adapters.mail_page import Extras, html_page, text_page
from tradingbot.events.schemas import EventType
from tradingbot.notifications.messages import LANGUAGES

GOLDEN = Path(__file__).parent / "golden"
EXTRAS = Extras(unsubscribe=WAY_OUT)
SHOWN = {"<b>R&D</b>": "&lt;b&gt;R&amp;D&lt;/b&gt;"}


def same(name: str, page: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":  # noqa: TID251  # a test has no settings
        path.write_text(page)
    assert page == path.read_text()


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_plain_parts_are_what_is_on_the_page(language: str) -> None:
    pages = [text_page(message(kind, language), EXTRAS) for kind in EventType]
    same(f"mail.{language}.txt", "\n========\n".join(pages))


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_the_pages_are_what_is_in_the_file(language: str) -> None:
    same(f"mail.{language}.html", html_page(message(EventType.BOT_ERROR, language), EXTRAS))


def test_each_tone_has_its_colour() -> None:
    good = html_page(message(EventType.DEAL_CLOSED, profit="3"), EXTRAS)
    lost = html_page(message(EventType.DEAL_CLOSED, profit="-3"), EXTRAS)
    bad = html_page(message(EventType.EXCHANGE_ERROR), EXTRAS)
    plain = html_page(message(EventType.BOT_CREATED), EXTRAS)
    colours = ("#15803d", "#b45309", "#c01c28", "#2563eb")
    for page, colour in zip((good, lost, bad, plain), colours, strict=True):
        assert [one for one in colours if one in page] == [colour]


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Europe/Berlin", "2026-11-25 10:00 CET"),
        ("Asia/Almaty", "2026-11-25 14:00 UTC+05"),
        ("UTC", "2026-11-25 09:00 UTC"),
    ],
)
def test_a_page_says_when_by_the_readers_clock(zone: str, shown: str) -> None:
    there = replace(message(), happened_at=message().happened_at.astimezone(ZoneInfo(zone)))
    assert f">{shown}</p>" in html_page(there, EXTRAS)
    assert f"\n{shown}\n" in text_page(there, EXTRAS)


@pytest.mark.parametrize(("name", "shown"), SHOWN.items())
def test_a_name_is_no_markup(name: str, shown: str) -> None:
    page = html_page(message(bot=name), EXTRAS)
    assert name not in page
    assert shown in page
