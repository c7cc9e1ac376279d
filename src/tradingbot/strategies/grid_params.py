"""What one may choose about a grid."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from tradingbot.strategies.strategy import Params

LINES_MIN = 2
LINES_MAX = 500

Amount = Annotated[Decimal, Field(gt=0, max_digits=30, decimal_places=18, allow_inf_nan=False)]


class Spacing(StrEnum):
    ARITHMETIC = "arithmetic"
    GEOMETRIC = "geometric"


class ParamsIncomplete(ValueError):  # noqa: N818  # errors are named as facts here
    """A grid's range or number of lines is still open: complete the parameters first."""


class GridParams(Params):
    """Prices in quote per base, investment in quote. What is left out is filled in when created."""

    model_config = ConfigDict(
        title="Grid",
        json_schema_extra={
            "example": {
                "lower": "55000",
                "upper": "65000",
                "lines": 9,
                "spacing": "geometric",
                "investment": "100",
            }
        },
    )

    lower: Amount | None = Field(
        default=None,
        title="Lowest price",
        description="The lowest line. Left out: from the volatility of the last days.",
        examples=["55000"],
    )
    upper: Amount | None = Field(
        default=None,
        title="Highest price",
        description="The highest line. Left out: from the volatility of the last days.",
        examples=["65000"],
    )
    lines: int | None = Field(
        default=None,
        ge=LINES_MIN,
        le=LINES_MAX,
        title="Lines",
        description="How many prices, both ends counted; between two neighbours lies one cell, "
        "bought at its lower line and sold at its upper. "
        "Left out: as many as the investment carries well, 20 at most.",
        examples=[9],
    )
    spacing: Spacing = Field(
        default=Spacing.GEOMETRIC,
        title="Distance of the lines",
        description="geometric: the same percentage between any two lines; "
        "arithmetic: the same difference.",
        examples=["geometric"],
    )
    investment: Amount = Field(
        default=Decimal(100),
        title="Investment",
        description="The money the grid may use, in the quote currency, fees included.",
        examples=["100"],
    )
    stop_loss: Amount | None = Field(
        default=None,
        title="Stop loss",
        description="A price below the range: when it is reached, the grid cancels all orders, "
        "sells everything at market and ends.",
        examples=["50000"],
    )
    take_profit: Amount | None = Field(
        default=None,
        title="Take profit",
        description="A price above the range: when it is reached, the grid cancels all orders, "
        "sells everything at market and ends.",
        examples=["70000"],
    )

    def shape(self) -> tuple[Decimal, Decimal, int]:
        """Lower, upper and lines. Raises ParamsIncomplete while one of them is open."""
        if self.lower is None or self.upper is None or self.lines is None:
            raise ParamsIncomplete("lower, upper and lines must be completed first")
        return self.lower, self.upper, self.lines
