"""Secrets taken out of whatever is about to be shown."""

import math
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
DEPTH_MAX = 8

_NAMES = (
    r"api[_-]?key|secret|passw|passphrase|token|authorization|signature|cookie|"
    r"listen[_-]?key|private[_-]?key|(?<![a-z])otp(?![a-z])"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
# They hold such a word and no secret: the last four letters, a fencing number, "bearer".
_HARMLESS = frozenset({"api_key_hint", "lease_token", "token_type"})

_RULES = [
    # A URL's user and password, whatever letters a careless one has.
    (re.compile(r"://(?:[^\s:/?#@]*:\S{0,1000}|[^\s/?#]{1,1000})@"), f"://{HIDDEN}@"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]+\.[\w-]*"), HIDDEN),  # a JWT
    (re.compile(r"\bgAAAAA[\w-]{20,}=*"), HIDDEN),  # sealed by the vault
    (re.compile(r"\b\d{6,}:[\w-]{30,}"), HIDDEN),  # a Telegram bot's token
    # SQLAlchemy adds the values of a failed statement to its message.
    (re.compile(r"(\[parameters: ).*"), rf"\1{HIDDEN}]"),
    # name=value, name: value, "name": "value", with everything a quoted value holds.
    (
        re.compile(
            rf"""((?:{_NAMES})[\w-]{{0,40}}\\?["']?\s{{0,9}}[=:]\s{{0,9}})"""
            r"""(?:\w{1,12}\()?b?(\\+["'](?:[^\\]|\\(?!["']))*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"'&,;}\]]+)""",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
]


def scrub(value: Any, depth: int = 0) -> Any:
    """The same value as plain JSON kinds, without what looks like a secret. Never raises."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _inside(value, depth + 1) if depth < DEPTH_MAX else "…"
    return scrub_text(_words(value))


def scrub_text(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.encode(errors="backslashreplace").decode()


def is_secret(name: str) -> bool:
    """Whether a value of this name must not be shown."""
    return name not in _HARMLESS and _NAME.search(name) is not None


def _inside(value: Any, depth: int) -> Any:
    if not isinstance(value, Mapping):
        return [scrub(item, depth) for item in value]
    return {
        str(key): HIDDEN if is_secret(str(key)) and item is not None else scrub(item, depth)
        for key, item in value.items()
    }


def _words(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001  # a log line must not fail for what it is about
        return f"<{type(value).__name__}>"
