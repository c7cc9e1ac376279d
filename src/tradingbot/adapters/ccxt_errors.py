"""What an exchange's error codes mean: which are a definite no, and what we call them.

An order is refused only by a code in these tables, never by the class of an exception: after
anything else the order may exist. The tables are data: the documentation is drawn from them.
"""

import re
from dataclasses import dataclass

from tradingbot.exchanges.errors import ExchangeUnreachable, KeyRefused
from tradingbot.exchanges.ports import Refused

MESSAGE_LENGTH_MAX = 200
SECRET_WORDS = re.compile(r"(?i)(signature|api-?key|secret)(\W+)[^\s&\"',;]{8,}")


class Answered(Exception):  # noqa: N818  # errors are named after what is the case
    """The exchange answered, but not with what was asked for.

    `code` is its own number, None when the answer holds none; `status` the HTTP status.
    """

    def __init__(self, status: int, code: int | None, message: str) -> None:
        self.status = status
        self.code = code
        self.message = clean(message)
        super().__init__(f"HTTP {status}, code {code}: {self.message}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """An exchange's codes, the words that narrow them down, our stable name for it."""

    codes: tuple[int, ...] | range
    words: str
    name: str


@dataclass(frozen=True, slots=True)
class CodeTable:
    """`refusals`: read in order, the first that fits counts. `unclear` codes and words overrule.

    `keys`: codes with which the key itself is refused. `absent`: no such order.
    `stale`: our clock is off. `statuses` are refusals by HTTP status alone.
    """

    refusals: tuple[Meaning, ...]
    unclear: tuple[Meaning, ...]
    keys: frozenset[int]
    absent: frozenset[int]
    unknown_symbol: frozenset[int]
    stale: frozenset[int]
    statuses: dict[int, str]


BINANCE = CodeTable(
    refusals=(
        Meaning((-1013,), "MARKET_LOT_SIZE", "quantity_not_allowed"),
        Meaning((-1013,), "LOT_SIZE", "quantity_not_allowed"),
        Meaning((-1013,), "PERCENT_PRICE", "price_out_of_bounds"),
        Meaning((-1013,), "PRICE_FILTER", "price_not_allowed"),
        Meaning((-1013,), "NOTIONAL", "below_minimum_notional"),
        Meaning((-1013,), "MAX_NUM", "too_many_open_orders"),
        Meaning((-1013,), "MAX_POSITION", "position_too_large"),
        Meaning((-1013,), "MARKET IS CLOSED", "market_closed"),
        Meaning((-1013,), "", "invalid_order"),
        Meaning((-2010,), "INSUFFICIENT BALANCE", "insufficient_funds"),
        Meaning((-2010,), "IMMEDIATELY MATCH", "would_match"),
        Meaning((-2010,), "TRIGGER IMMEDIATELY", "would_trigger"),
        Meaning((-2010,), "MARKET IS CLOSED", "market_closed"),
        Meaning((-2010,), "NOT PERMITTED", "account_restricted"),
        Meaning((-2010,), "DISABLED ON THIS ACCOUNT", "account_restricted"),
        Meaning((-2010,), "MAY NOT PLACE", "account_restricted"),
        Meaning((-2010,), "", "order_refused"),
        Meaning((-1003, -1015), "", "rate_limited"),
        Meaning((-1021,), "", "stale_timestamp"),
        Meaning((-1022, -2014, -2015), "", "invalid_key"),
        Meaning((-1111,), "", "invalid_precision"),
        Meaning((-1121,), "", "symbol_unknown"),
        Meaning(range(-1130, -1099), "", "invalid_order"),
    ),
    # The order this would double exists: it is looked up, not given up.
    unclear=(Meaning((-2010,), "DUPLICATE ORDER", "duplicate"),),
    keys=frozenset({-1022, -2008, -2014, -2015}),
    absent=frozenset({-2011, -2013}),
    unknown_symbol=frozenset({-1121}),
    stale=frozenset({-1021}),
    statuses={418: "rate_limited", 429: "rate_limited"},
)


def refusal(table: CodeTable, answer: Answered) -> Refused | None:
    """The definite no in an answer; None when the order may exist all the same.

    With a status of 5xx Binance says "execution status unknown", whatever the body says.
    """
    if answer.status in table.statuses:
        code = answer.code if answer.code is not None else answer.status
        return Refused(table.statuses[answer.status], str(code), answer.message)
    if not 400 <= answer.status < 500 or answer.code is None or _first(table.unclear, answer):
        return None
    meaning = _first(table.refusals, answer)
    if meaning is None:
        return None
    return Refused(meaning.name, str(answer.code), answer.message)


def absent(table: CodeTable, answer: Answered) -> bool:
    """Whether the answer is a clear "no such order"."""
    return 400 <= answer.status < 500 and answer.code in table.absent


def failure(table: CodeTable, answer: Answered) -> Exception:
    """What a query that was answered so should raise."""
    if answer.code in table.keys:
        return KeyRefused(f"the exchange does not accept the key: {answer.message}")
    return ExchangeUnreachable(f"the exchange could not say: {answer}")


def clean(message: str) -> str:
    """Short, and without anything that looks like a key or a signature."""
    return SECRET_WORDS.sub(r"\1\2…", message)[:MESSAGE_LENGTH_MAX]


def _first(meanings: tuple[Meaning, ...], answer: Answered) -> Meaning | None:
    said = answer.message.upper()
    fitting = (row for row in meanings if answer.code in row.codes and row.words in said)
    return next(fitting, None)
