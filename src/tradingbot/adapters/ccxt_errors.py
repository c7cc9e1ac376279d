"""What an exchange's error codes mean: which are a definite no, and what we call them.

An order is refused only by a code in these tables, never by the class of an exception: after
anything else the order may exist. The tables are data: docs/error-codes.md is drawn from them.
"""

import re
from dataclasses import dataclass

from tradingbot.exchanges.errors import ExchangeUnreachable, KeyRefused
from tradingbot.exchanges.ports import Refused

MESSAGE_LENGTH_MAX = 200
SECRET_WORDS = re.compile(r"(?i)(signature|api[-_]?key|secret)(\W+)[^\s&\"',;]{8,}")


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

    `heeded`: HTTP statuses with which a code counts at all. `statuses` are refusals by HTTP status
    alone. `keys`: codes with which the key itself is refused. `absent`: no such order, or none that
    is still open. `stale`: our clock is off. `endings`: why an order ended that had been taken.
    """

    refusals: tuple[Meaning, ...]
    unclear: tuple[Meaning, ...]
    keys: frozenset[int]
    absent: frozenset[int]
    stale: frozenset[int]
    statuses: dict[int, str]
    heeded: frozenset[int]
    endings: dict[str, str]


DENIED = frozenset(range(400, 500))
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
    unclear=(
        # The order this would double exists: it is looked up, not given up.
        Meaning((-2010,), "DUPLICATE ORDER", "duplicate"),
        Meaning((-1000, -1001, -1006), "", "internal_error"),
        Meaning((-1007,), "", "engine_timeout"),
        Meaning((-1008,), "", "overloaded"),
        Meaning((-1016,), "", "maintenance"),
    ),
    keys=frozenset({-1022, -2008, -2014, -2015}),
    absent=frozenset({-2011, -2013}),
    stale=frozenset({-1021}),
    statuses={418: "rate_limited", 429: "rate_limited"},
    # With 5xx Binance says "execution status unknown", whatever the body says.
    heeded=DENIED,
    endings={},
)

BYBIT = CodeTable(
    refusals=(
        Meaning((10001,), "SYMBOL", "symbol_unknown"),
        Meaning((10001,), "", "invalid_order"),
        Meaning((10002,), "", "stale_timestamp"),
        Meaning((10003, 10004, 10005, 10007, 10010, 33004), "", "invalid_key"),
        Meaning((10006, 10018, 170005, 170222), "", "rate_limited"),
        Meaning((10024, 10027, 10028, 10029), "", "account_restricted"),
        Meaning((110007, 170131), "", "insufficient_funds"),
        Meaning((170121,), "", "symbol_unknown"),
        Meaning((170124,), "", "quantity_not_allowed"),
        Meaning(range(170115, 170125), "", "invalid_order"),
        Meaning((170130,), "", "invalid_order"),
        Meaning((170132, 170133), "", "price_out_of_bounds"),
        Meaning((170134,), "", "price_not_allowed"),
        Meaning((170135, 170136, 170137, 170148), "", "quantity_not_allowed"),
        Meaning((170140,), "", "below_minimum_notional"),
        Meaning((170151, 170157), "", "market_closed"),
        Meaning(range(170192, 170197), "", "price_out_of_bounds"),
        Meaning(range(170197, 170201), "", "quantity_not_allowed"),
        Meaning((170213,), "", "order_refused"),
        Meaning((170218,), "", "would_match"),
        Meaning((170371, 170372), "", "price_out_of_bounds"),
        Meaning((170381, 170382), "", "quantity_not_allowed"),
        Meaning((170810,), "", "too_many_open_orders"),
    ),
    unclear=(
        Meaning((10014, 12141, 110072, 170141), "", "duplicate"),
        Meaning((10000, 170007, 170146), "", "engine_timeout"),
        Meaning((10016, 170001, 170032, 170149, 170234), "", "internal_error"),
        Meaning((170035,), "", "in_progress"),
        Meaning((429, 10019, 10429), "", "overloaded"),
    ),
    keys=frozenset({-2015, 10003, 10004, 10005, 10007, 10010, 33004}),
    absent=frozenset({110001, 110008, 110010, 170139, 170142, 170143, 170190, 170213}),
    stale=frozenset({10002}),
    # 403 and 429 come from before the engine, as a rule; Bybit does not promise it.
    statuses={},
    # Bybit puts its code into a 200. With 5xx it says nothing of whether the order went through.
    heeded=DENIED | {200},
    endings={
        "EC_PostOnlyWillTakeLiquidity": "would_match",
        "EC_NoEnoughQtyToFill": "no_liquidity",
        "EC_NoImmediateQtyToFill": "no_liquidity",
        "EC_CancelForNoFullFill": "no_liquidity",
        "EC_BySelfMatch": "self_match",
        "EC_StopBySelfMatch": "self_match",
        "EC_InvalidSymbolStatus": "market_closed",
        "EC_SecurityStatusFail": "market_closed",
        "EC_LimitOrderInvalidPrice": "price_not_allowed",
        "EC_InvalidPriceScale": "price_not_allowed",
        "EC_ReachRiskPriceLimit": "price_out_of_bounds",
        "EC_ReachMarketPriceLimit": "price_out_of_bounds",
        "EC_QtyCannotBeZero": "quantity_not_allowed",
        "EC_EcInvalidQty": "quantity_not_allowed",
        "EC_InvalidAmount": "below_minimum_notional",
    },
)


def refusal(table: CodeTable, answer: Answered) -> Refused | None:
    """The definite no in an answer; None when the order may exist all the same."""
    if answer.status in table.statuses:
        code = answer.code if answer.code is not None else answer.status
        return Refused(table.statuses[answer.status], str(code), answer.message)
    if answer.status not in table.heeded or _first(table.unclear, answer):
        return None
    meaning = _first(table.refusals, answer)
    if meaning is None:
        return None
    return Refused(meaning.name, str(answer.code), answer.message)


def absent(table: CodeTable, answer: Answered) -> bool:
    """Whether the answer is a clear "no such order"."""
    return answer.status in table.heeded and answer.code in table.absent


def no_such_market(table: CodeTable, answer: Answered) -> bool:
    meaning = _first(table.refusals, answer)
    return meaning is not None and meaning.name == "symbol_unknown"


def doubled(table: CodeTable, answer: Answered) -> bool:
    """Whether the exchange says that it has an order under this client id."""
    meaning = _first(table.unclear, answer)
    return meaning is not None and meaning.name == "duplicate"


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
