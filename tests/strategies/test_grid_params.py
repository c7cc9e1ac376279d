from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tradingbot.strategies.grid_params import GridParams, ParamsIncomplete, Spacing

SCHEMA = GridParams.model_json_schema()


def test_nothing_need_be_given() -> None:
    params = GridParams.model_validate({})
    assert (params.investment, params.spacing) == (Decimal(100), Spacing.GEOMETRIC)


@pytest.mark.parametrize("name", GridParams.model_fields)
def test_every_field_can_be_drawn_in_a_form(name: str) -> None:
    field = SCHEMA["properties"][name]
    assert field["title"]
    assert field["description"]
    assert "default" in field


def test_amounts_may_be_numbers_or_strings_above_zero() -> None:
    kinds = SCHEMA["properties"]["investment"]["anyOf"]
    assert {kind["type"] for kind in kinds} == {"number", "string"}
    assert {kind.get("exclusiveMinimum") for kind in kinds} >= {0.0}
    assert GridParams.model_validate({"investment": 100}) == GridParams(investment=Decimal(100))
    assert GridParams.model_validate({"investment": "100"}) == GridParams(investment=Decimal(100))


def test_the_schemas_own_example_is_valid() -> None:
    assert GridParams.model_validate(SCHEMA["example"]).lines == 9


@pytest.mark.parametrize(
    "wrong",
    [
        {"investment": 0},
        {"investment": "NaN"},
        {"investment": "Infinity"},
        {"lower": -1},
        {"lines": 1},
        {"lines": 501},
        {"spacing": "random"},
        {"grids": 5},
        {"stop_loss": "cheap"},
    ],
)
def test_a_wrong_value_is_refused_and_its_field_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        GridParams.model_validate(wrong)
    assert caught.value.errors()[0]["loc"][0] == next(iter(wrong))


def test_an_open_range_has_no_shape_yet() -> None:
    with pytest.raises(ParamsIncomplete):
        GridParams(lower=Decimal(1)).shape()
