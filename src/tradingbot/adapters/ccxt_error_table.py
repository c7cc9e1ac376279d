"""docs/error-codes.md, drawn from the code that classifies: `make docs` writes it."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from tradingbot.adapters.ccxt_dialect import Dialect
from tradingbot.adapters.ccxt_errors import (
    Answered,
    CodeTable,
    absent,
    failure,
    no_such_market,
    refusal,
)
from tradingbot.adapters.ccxt_exchange import DIALECTS
from tradingbot.exchanges.errors import KeyRefused

STATUSES = (200, 400, 401, 403, 404, 408, 409, 418, 429, 451, 500, 502, 503, 504, 524)
# After any of these an order may exist, whatever the status.
NO_CODE = (
    "an empty body",
    "a page of HTML",
    "a body cut off on the way",
    "half an object",
    "an empty object",
    "a list where an object should be",
    "null",
    "an answer without an order id",
    "an answer about another order",
    "a number that cannot be",
    "a connection reset",
    "no answer in time",
    "nobody there",
)
HEAD = """# What an exchange's error codes mean

Drawn from `adapters/ccxt_errors.py` by `make docs`; a test compares. Every line of it is tested
through a real session against a socket that answers exactly so
(`tests/adapters/test_ccxt_errors.py`).

An order sent is **refused** only by a code that the exchange's own documents make definite: then it
does not and will not exist. Everything else, any code that is not listed here included, leaves it
**unclear**: it may exist, is looked up by its client order id, and never sent again. What else is
asked (cancelling, looking up, listing) either learns something from a code or has no answer and is
asked again later.

Names are ours, and mean the same on every exchange. Where words are given, the message has to hold
them; the first line that fits counts.
"""


class Row(NamedTuple):
    """Codes that are told in the same words and taken in the same way."""

    codes: tuple[int, ...]
    words: str
    name: str
    placing: str
    asking: str


def rows(table: CodeTable) -> list[Row]:
    """Every code the table knows, in its order."""
    status = 200 if 200 in table.heeded else 400
    meanings = [*table.unclear, *table.refusals]
    told = [(code, meaning.words, meaning.name) for meaning in meanings for code in meaning.codes]
    named = {code for code, *_ in told}
    rest = sorted((table.keys | table.absent | table.stale) - named)
    told += [(code, "", "invalid_key" if code in table.keys else "not_open") for code in rest]
    single = [
        Row((code,), words, name, *_taken(table, Answered(status, code, words)))
        for code, words, name in told
        if _counts(table, Answered(status, code, words), name)
    ]
    return [
        Row(tuple(row.codes[0] for row in alike), *rest)
        for rest, alike in groupby(single, key=lambda row: row[1:])
    ]


def _counts(table: CodeTable, answer: Answered, name: str) -> bool:
    """Whether no earlier line has this code already."""
    refused = refusal(table, answer)
    return refused is None or refused.code == name


def _taken(table: CodeTable, answer: Answered) -> tuple[str, str]:
    placing = "unclear" if refusal(table, answer) is None else "refused"
    if absent(table, answer):
        return placing, "no such open order"
    if answer.code in table.stale:
        return placing, "the clock is measured, then asked again"
    if no_such_market(table, answer):
        return placing, "no such market"
    refused = isinstance(failure(table, answer), KeyRefused)
    return placing, "the key is refused" if refused else "no answer"


def page() -> str:
    parts = [HEAD, *(_exchange(make()) for make in DIALECTS.values()), _no_code()]
    return "\n".join(parts)


def _exchange(dialect: Dialect) -> str:
    parts = [
        f"## {dialect.name.capitalize()}\n",
        _table(
            ("code", "words", "name", "an order sent is", "what else is asked learns"),
            (
                (_codes(row.codes), row.words.lower(), f"`{row.name}`", row.placing, row.asking)
                for row in rows(dialect.codes)
            ),
        ),
        _table(
            (
                "HTTP status",
                "without a code listed above",
                "with one that refuses",
                "then quiet for",
            ),
            (_status(dialect, status) for status in STATUSES),
        ),
    ]
    if dialect.codes.endings:
        endings = ((f"`{said}`", f"`{name}`") for said, name in dialect.codes.endings.items())
        parts += [
            "An order that was taken may still end at once. Why, it says itself:\n",
            _table(("reason", "name"), endings),
        ]
    return "\n".join(parts)


def _status(dialect: Dialect, status: int) -> Sequence[str]:
    definite = dialect.codes.refusals[-1]
    answers = (
        Answered(status, None, ""),
        Answered(status, definite.codes[0], definite.words),
    )
    refused = (refusal(dialect.codes, answer) for answer in answers)
    seconds = dialect.usage(status, {}).pause_seconds
    return (
        str(status),
        *("unclear" if no is None else "refused" for no in refused),
        f"{seconds:.0f} s" if seconds else "",
    )


def _no_code() -> str:
    lines = "\n".join(f"- {what}" for what in NO_CODE)
    return f"## No code at all\n\nOn every exchange an order sent is unclear after:\n\n{lines}\n"


def _codes(codes: Sequence[int]) -> str:
    return ", ".join(_runs(sorted(codes, key=abs)))


def _runs(codes: Sequence[int]) -> Iterator[str]:
    """Four and more in a row are told by their ends."""
    for _, numbered in groupby(enumerate(codes), key=lambda each: abs(each[1]) - each[0]):
        run = [code for _, code in numbered]
        if len(run) > 3:
            yield f"{run[0]} … {run[-1]}"
        else:
            yield from map(str, run)


def _table(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    sys.stdout.write(page())
