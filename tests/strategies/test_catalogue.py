import pytest
from pydantic import TypeAdapter

from tradingbot.strategies.catalogue import CATALOGUE, StrategyUnknown, strategy


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_strategy_works_with_no_parameter_given(name: str) -> None:
    found = strategy(name)
    assert found.name == name
    assert found.params_type.model_validate({}) == found.params_type()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_strategys_state_can_be_written_down_and_read_again(name: str) -> None:
    found = strategy(name)
    adapter = TypeAdapter(found.state_type)
    state = found.begin(found.params_type())
    assert adapter.validate_json(adapter.dump_json(state)) == state


def test_an_unknown_strategy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(StrategyUnknown, match="'martingale'; known: grid"):
        strategy("martingale")
