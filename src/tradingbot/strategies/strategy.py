"""The contract every strategy, built in or plugged in, fulfils."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from tradingbot.trading.event import Event
from tradingbot.trading.funds import Funds
from tradingbot.trading.intent import Intent
from tradingbot.trading.market import Market


class Params(BaseModel):
    """Base of every strategy's parameters: frozen, and a field it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices in quote per base, volume in base; `at` is the opening time, UTC milliseconds."""

    at: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a strategy may look at before it starts: the market, its price, its recent candles."""

    market: Market
    price: Decimal
    candles: Sequence[Candle]  # hourly, oldest first; may be empty


@dataclass(frozen=True, slots=True)
class Problem:
    """Why these parameters cannot work: the field, a stable code, the reason, what would work.

    `works`: put into the field, it makes this problem go away; None where no single value does.
    """

    field: str
    code: str
    reason: str
    works: Decimal | None = None


P = TypeVar("P", bound=Params)
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Decision(Generic[State]):
    state: State
    intents: tuple[Intent, ...] = ()


class Strategy(Protocol[P, State]):
    name: str
    title: str
    params_type: type[P]
    state_type: type[State]
    # The parameter that says how much of the account's money a bot takes.
    funds_field: str

    def complete(self, params: P, around: Surroundings) -> P:
        """Every parameter left out filled in, so that what will run can be shown and saved."""
        ...

    def problems(self, params: P, around: Surroundings) -> Sequence[Problem]:
        """What stands against completed parameters; empty when they can work."""
        ...

    def preview(self, params: P, around: Surroundings) -> BaseModel:
        """What completed parameters will do: levels, funds needed, profit after fees."""
        ...

    def order_value_max(self, params: P) -> Decimal:
        """The most, in quote, that one order of this bot may be worth."""
        ...

    def funds(self, params: P, state: State) -> Funds:
        """What it counts on: before it begins what it needs, afterwards what it reckons it owns.

        The bot owns no less when it starts. What it owns beyond that, with no order out, goes back.
        """
        ...

    def results(self, state: State) -> Mapping[str, Decimal]:
        """What the strategy counts by itself, by name; money is in quote."""
        ...

    def begin(self, params: P) -> State: ...

    def decide(self, params: P, state: State, event: Event) -> Decision[State]: ...
