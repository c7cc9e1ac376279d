"""Text as Telegram shows it: names are never markup, and what is too long is cut between tags."""

import re
from html import escape as _escape

# Telegram's limit for a message; it counts as UTF-16 does.
CHARACTERS_MAX = 4096
VALUE_CHARACTERS_MAX = 200
ELLIPSIS = "…"

_TAG = re.compile(r"<[^>]*>")
_HALF = re.compile(r"&[^;]*$")


def escape(value: object, characters_max: int = VALUE_CHARACTERS_MAX) -> str:
    """One line in which nothing is markup, and nothing is longer than a person reads."""
    line = "".join(letter if letter.isprintable() else " " for letter in str(value)).strip()
    if len(line) > characters_max:
        line = line[:characters_max] + ELLIPSIS
    return _escape(line, quote=False)


def length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, characters_max: int = CHARACTERS_MAX) -> str:
    """As many whole lines as fit. Every tag of ours ends in its line, so none is left open."""
    if length(text) <= characters_max:
        return text
    room = characters_max - length(ELLIPSIS) - 1
    kept: list[str] = []
    for line in text.split("\n"):
        room -= length(line) + 1
        if room < 0:
            break
        kept.append(line)
    if kept:
        return "\n".join([*kept, ELLIPSIS])
    plain = _TAG.sub("", text)
    while length(plain) >= characters_max:
        plain = plain[: len(plain) - max(1, (length(plain) - characters_max) // 2)]
    return _HALF.sub("", plain) + ELLIPSIS
