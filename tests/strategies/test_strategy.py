from decimal import Decimal

import pytest
from pydantic import BaseModel, ValidationError

from tests.strategies.tiny_exchange import BTC, NOW
from tradingbot.strategies.step import step
from tradingbot.strategies.strategy import Decision, Params, Problem, Strategy, Surroundings
from tradingbot.trading.event import Event, Started
from tradingbot.trading.funds import Funds
from tradingbot.trading.intent import Finish
from tradingbot.trading.risk import Limits


class PatienceParams(Params):
    events: int = 2


class Patience:
    """The least a plug-in must be: it waits for some events and ends."""

    name = "patience"
    title = "Patience"
    params_type = PatienceParams
    state_type = int
    funds_field = "events"

    def complete(self, params: PatienceParams, around: Surroundings) -> PatienceParams:
        return params

    def problems(self, params: PatienceParams, around: Surroundings) -> list[Problem]:
        return []

    def preview(self, params: PatienceParams, around: Surroundings) -> BaseModel:
        return params

    def order_value_max(self, params: PatienceParams) -> Decimal:
        return Decimal(0)

    def funds(self, params: PatienceParams, state: int) -> Funds:
        return Funds()

    def results(self, state: int) -> dict[str, Decimal]:
        return {"events_seen": Decimal(state)}

    def begin(self, params: PatienceParams) -> int:
        return 0

    def decide(self, params: PatienceParams, state: int, event: Event) -> Decision[int]:
        done = state + 1 == params.events
        return Decision(state + 1, (Finish("waited long enough"),) if done else ())


def test_a_strategy_of_somebody_else_runs_through_the_same_step() -> None:
    patience: Strategy[PatienceParams, int] = Patience()
    limits = Limits(BTC, Decimal(60_000), patience.order_value_max(PatienceParams()))
    event = Started(NOW, BTC, Decimal(60_000))
    first = step(patience, PatienceParams(), patience.begin(PatienceParams()), event, limits)
    second = step(patience, PatienceParams(), first.state, event, limits)
    assert first.approved == ()
    assert second.approved == (Finish("waited long enough"),)


def test_parameters_refuse_a_field_they_do_not_know_and_name_it() -> None:
    with pytest.raises(ValidationError, match="evnets"):
        PatienceParams.model_validate({"evnets": 3})


def test_parameters_cannot_change_under_a_running_bot() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PatienceParams().events = 5
