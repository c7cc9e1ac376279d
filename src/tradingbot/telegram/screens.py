"""What a chat sees: a text, and buttons below it that ask for the next one."""

from collections.abc import Sequence
from dataclasses import dataclass

# Telegram's limit for what a button carries, in bytes.
ASK_BYTES_MAX = 64


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asks for, by a command or by a button: the same for both."""

    verb: str
    args: tuple[str, ...] = ()

    @property
    def arg(self) -> str:
        return self.args[0] if self.args else ""

    def __str__(self) -> str:
        return " ".join((self.verb, *self.args))


@dataclass(frozen=True, slots=True)
class Button:
    """`asks` is what a press of it says."""

    label: str
    asks: str

    def __post_init__(self) -> None:
        assert len(self.asks.encode()) <= ASK_BYTES_MAX, self.asks


@dataclass(frozen=True, slots=True)
class Screen:
    """`text` is Telegram's HTML, everything foreign in it escaped."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()


def screen(lines: Sequence[str], *rows: Sequence[Button]) -> Screen:
    return Screen("\n".join(lines), tuple(tuple(row) for row in rows if row))


def ask_of(text: str, bot_name: str) -> Ask | None:
    """What a message asks for. None: it is no command, or one for another bot in the group."""
    words = text.split()
    if not words or not words[0].startswith("/"):
        return None
    verb, _, addressee = words[0][1:].partition("@")
    if addressee and addressee.lower() != bot_name.lower():
        return None
    return Ask(verb.lower(), tuple(words[1:]))


def pressed(data: str) -> Ask:
    verb, *args = data.split() or [""]
    return Ask(verb, tuple(args))
