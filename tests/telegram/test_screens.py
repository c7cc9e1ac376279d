"""Every screen in both languages, word for word, without Telegram; and no screen Telegram refuses.

After a change that is meant: `python -m tests.telegram.gallery` writes the golden files anew.
"""

import re
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.telegram.gallery import GOLDEN, gallery
from tradingbot.events.schemas import EventType
from tradingbot.telegram.bot_screens import MARKS
from tradingbot.telegram.commands import COMMANDS
from tradingbot.telegram.english import ENGLISH
from tradingbot.telegram.markup import CHARACTERS_MAX, cut, escape, length
from tradingbot.telegram.russian import RUSSIAN
from tradingbot.telegram.screens import ASK_BYTES_MAX, ask_of
from tradingbot.telegram.words import CATALOGUES, Words
from tradingbot.trading.order import OrderStatus

TAG = re.compile(r"<(/?)(\w+)>")
PAGE = Path(__file__).parents[2] / "docs" / "telegram.md"


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("language", list(CATALOGUES))
def test_every_screen_is_as_it_was_agreed(language: str) -> None:
    assert gallery(language) == (GOLDEN / f"{language}.txt").read_text()


def test_both_languages_say_the_same_things() -> None:
    assert list(ENGLISH) == list(RUSSIAN)
    for key, english in ENGLISH.items():
        assert fields(RUSSIAN[key]) == fields(english), key
        assert TAG.findall(RUSSIAN[key]) == TAG.findall(english), key


def test_there_is_a_word_for_each_of_a_fixed_set() -> None:
    known = [
        *(f"command.{name}" for name in COMMANDS),
        *(f"event.{kind}" for kind in EventType),
        *(f"order.{status}" for status in OrderStatus),
        *(f"status.{status}" for status in MARKS),
    ]
    assert [key for key in known if key not in ENGLISH] == []


@given(st.text("<>/&b;x \n") | st.text())
def test_nothing_a_person_names_is_markup(name: str) -> None:
    shown = Words("en").say("bot.title", mark="•", name=name, id=1)
    assert (shown.count("<"), shown.count(">")) == (2, 2)
    assert TAG.findall(shown) == [("", "b"), ("/", "b")]
    assert "\n" not in shown


@given(st.lists(st.text(max_size=400), max_size=60))
def test_what_is_cut_fits_and_leaves_no_tag_or_entity_open(lines: list[str]) -> None:
    shown = cut("\n".join(f"<b>{escape(line)}</b> &amp;" for line in lines))
    assert length(shown) <= CHARACTERS_MAX
    assert shown.count("<b>") == shown.count("</b>")
    assert not re.search(r"&[a-z]*$", shown)


def test_one_endless_line_is_cut_too() -> None:
    shown = cut(f"<b>{'&lt;🙂' * 3000}</b>")
    assert length(shown) <= CHARACTERS_MAX
    assert shown.startswith("&lt;🙂")
    assert "<b>" not in shown


def test_a_command_may_name_its_bot_and_only_ours_is_heard() -> None:
    assert str(ask_of("/Bot@OurBot 12 x", "ourbot")) == "bot 12 x"
    assert ask_of("/bot@other 12", "ourbot") is None
    assert ask_of("hello /bot", "ourbot") is None
    assert ask_of("", "ourbot") is None


def test_the_longest_ask_fits_on_a_button() -> None:
    longest = f"notifications {max(EventType, key=len)} off"
    assert len(longest) <= ASK_BYTES_MAX
    assert len(f"why {2**63 - 1} {'x' * 26}") <= ASK_BYTES_MAX


def test_the_page_has_the_commands_as_they_are() -> None:
    rows = re.findall(r"^\| `/(\w+)` \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    expected = [
        (name, ENGLISH[f"command.{name}"], str(command.role)) for name, command in COMMANDS.items()
    ]
    assert rows == expected
