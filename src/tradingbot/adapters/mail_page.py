"""What an e-mail shows: a page for those who see pages, and the same in plain letters."""

from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tradingbot.notifications.mail_words import MAIL_WORDS
from tradingbot.notifications.ports import Message
from tradingbot.notifications.tone import tone

# The band and the pale ground of the advice; dark letters on the ground in light mode.
COLOURS = {
    "plain": ("#2563eb", "#eff4ff"),
    "good": ("#15803d", "#effaf3"),
    "warning": ("#b45309", "#fff7e8"),
    "bad": ("#c01c28", "#fff0f0"),
}
_PAGES = Environment(
    loader=PackageLoader("tradingbot.adapters", "mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Extras:
    """`button`: where the one button leads; `picture`: the content id of an image in the letter."""

    unsubscribe: str = ""
    button: str = ""
    picture: str = ""
    picture_words: str = ""


def html_page(message: Message, extras: Extras) -> str:
    return _PAGES.get_template("message.html").render(_known(message, extras))


def text_page(message: Message, extras: Extras) -> str:
    width = max((len(label) for label, _ in message.facts), default=0)
    return _PAGES.get_template("message.txt").render(_known(message, extras) | {"width": width})


def _known(message: Message, extras: Extras) -> dict[str, object]:
    band, ground = COLOURS[tone(message)]
    return {
        "message": message,
        "extras": extras,
        "words": MAIL_WORDS[message.language],
        "at": _moment(message.happened_at),
        "tone": tone(message),
        "band": band,
        "ground": ground,
    }


def _moment(at: datetime) -> str:
    """With the name of its zone; many zones have only figures for one."""
    zone = at.tzname() or ""
    return f"{at:%Y-%m-%d %H:%M} {zone if zone.isalpha() else f'UTC{zone}'}"
