"""Parameters as given: read, completed from the market as it is, and judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from tradingbot.bots.errors import FieldRefused, ParamsRefused
from tradingbot.exchanges.errors import SymbolUnknown
from tradingbot.exchanges.ports import Exchanges, Mode
from tradingbot.strategies.strategy import Params, Strategy, Surroundings

CANDLES = 200
# Beyond these no price or amount makes sense, and digits would be written out by the million.
EXPONENT_MAX = 30
DIGITS_MAX = 60

AnyStrategy: TypeAlias = Strategy[Any, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    params: Params
    around: Surroundings
    refusals: Sequence[FieldRefused]

    def saved(self) -> dict[str, Any]:
        """As JSON keeps them: decimals as strings."""
        return self.params.model_dump(mode="json")


async def surroundings(
    exchanges: Exchanges, exchange: str, mode: Mode, symbol: str
) -> Surroundings:
    """Raise SymbolUnknown or ExchangeUnreachable."""
    data = exchanges.market_data(exchange, mode)
    try:
        market = await data.market(symbol)
    except SymbolUnknown as unknown:
        raise SymbolUnknown(unknown.message, field="symbol") from None
    price = await data.price(symbol)
    candles = await data.candles(symbol, "1h", CANDLES)
    return Surroundings(market=market, price=price, candles=candles)


def judge(strategy: AnyStrategy, given: Mapping[str, Any], around: Surroundings) -> Judged:
    """The parameters completed, and what stands against them. Raises ParamsRefused when unread."""
    params = strategy.complete(read(strategy, given), around)
    refusals = [
        FieldRefused(f"params.{problem.field}", problem.code, problem.reason)
        for problem in strategy.problems(params, around)
    ]
    return Judged(params, around, refusals)


def read(strategy: AnyStrategy, given: Mapping[str, Any]) -> Params:
    """Raise ParamsRefused, naming every field at fault."""
    try:
        params: Params = strategy.params_type.model_validate(given)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise ParamsRefused(
            [
                FieldRefused(
                    ".".join(("params", *map(str, detail["loc"]))),
                    detail["type"],
                    detail["msg"].removeprefix("Value error, "),
                )
                for detail in details
            ]
        ) from None
    if absurd := [name for name, value in params if _absurd(value)]:
        reason = "is beyond any price or amount"
        raise ParamsRefused(
            [FieldRefused(f"params.{name}", "out_of_range", reason) for name in absurd]
        )
    return params


def merged(saved: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The saved parameters with `changes`; null takes one back to its default."""
    together = {**saved, **changes}
    return {name: value for name, value in together.items() if value is not None}


def preview(strategy: AnyStrategy, judged: Judged) -> dict[str, Any] | None:
    """None while something stands against it."""
    if judged.refusals:
        return None
    shown: BaseModel = strategy.preview(judged.params, judged.around)
    return shown.model_dump(mode="json")


def _absurd(value: object) -> bool:
    if not isinstance(value, Decimal) or not value:
        return False
    return abs(value.adjusted()) > EXPONENT_MAX or len(value.as_tuple().digits) > DIGITS_MAX
