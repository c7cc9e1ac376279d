"""Why something happened: whoever noticed says it in English, its reader reads it in his language.

A catalogue's key is the English sentence with its placeholders, `line {line:count} bought at
{price:figure}`; what stands there is taken over into the other language's sentence:

    figure  an amount, written as the reader is used to
    count   a number, as it is        word  no spaces, as it is       text  anything, as it is
    said    a sentence or word of the catalogue in its turn, or somebody else's words, as they are
    sums    as said, and nothing but amounts with their coins
    shares  as said, and nothing but names, each with its amount in brackets
"""

import re
from collections.abc import Mapping
from functools import cache
from operator import itemgetter
from string import Formatter
from typing import NamedTuple

from tradingbot.notifications.figures import figure, number
from tradingbot.notifications.russian import RUSSIAN
from tradingbot.notifications.russian_reasons import REASONS
from tradingbot.notifications.russian_warnings import WARNINGS
from tradingbot.notifications.wording import Language

FIGURE = r"(?:-?[0-9][0-9,]*(?:\.[0-9]+)?(?:E[+-]?[0-9]+)?|-?s?NaN|-?Infinity)"
KINDS = {
    "figure": FIGURE,
    "count": r"[0-9]+",
    "word": r"\S+",
    "text": r".+?",
    "said": r".*?",
    "sums": rf"{FIGURE} \S+(?: and {FIGURE} \S+)*",
    "shares": rf".+? \({FIGURE}\)(?:, .+? \({FIGURE}\))*",
}
IN_TURN = frozenset({"said", "sums", "shares"})
CATALOGUES: Mapping[str, tuple[Language, Mapping[str, str]]] = {
    "ru": (RUSSIAN, {**REASONS, **WARNINGS})
}
# Longer than anything we say, and sentences in sentences deeper: anybody may push a reason.
CHARACTERS_MAX = 1000
DEPTH_MAX = 12


class Saying(NamedTuple):
    """One sentence of ours: how it is recognised, its placeholders' kinds, and how it is said."""

    known: re.Pattern[str]
    kinds: Mapping[str, str]
    said: str


def said_in(language: str, sentence: str) -> str:
    """A sentence nobody knows is shown as it is."""
    if language not in CATALOGUES or len(sentence) > CHARACTERS_MAX:
        return sentence
    return _said(language, sentence, DEPTH_MAX)


def _said(language: str, sentence: str, depth: int) -> str:
    speech, _ = CATALOGUES[language]
    if sentence in speech.words:
        return speech.words[sentence]
    for saying in _sayings(language) if depth else ():
        if (found := saying.known.fullmatch(sentence)) is not None:
            parts = {
                name: _part(language, saying.kinds[name], value, depth)
                for name, value in found.groupdict().items()
            }
            return saying.said.format_map(parts)
    return sentence


def _part(language: str, kind: str, value: str, depth: int) -> str:
    if kind in IN_TURN:
        return _said(language, value, depth - 1)
    amount = number(value.replace(",", "")) if kind == "figure" else None
    return value if amount is None else figure(amount, CATALOGUES[language][0], money=False)


@cache
def _sayings(language: str) -> tuple[Saying, ...]:
    """Those of the most letters first: of several that fit, the one that says the most is meant."""
    _, catalogue = CATALOGUES[language]
    ranked = [(_letters(key), _saying(key, said)) for key, said in catalogue.items()]
    return tuple(saying for _, saying in sorted(ranked, key=itemgetter(0), reverse=True))


def _saying(key: str, said: str) -> Saying:
    parts, kinds = [], {}
    for literal, name, kind, _ in Formatter().parse(key):
        parts.append(re.escape(literal))
        if name is not None:
            assert kind is not None
            parts.append(f"(?P<{name}>{KINDS[kind]})")
            kinds[name] = kind
    return Saying(re.compile("".join(parts)), kinds, said)


def _letters(key: str) -> int:
    return sum(len(literal) for literal, *_ in Formatter().parse(key))
