from dataclasses import replace
from decimal import Decimal

from tests.strategies.tiny_exchange import BTC, EGGS, TinyExchange
from tradingbot.strategies.grid_params import GridParams, Spacing
from tradingbot.strategies.grid_preview import GridPreview, preview
from tradingbot.strategies.strategy import Surroundings
from tradingbot.trading.intent import PlaceOrder

EGG_GRID = GridParams(
    lower=Decimal(90),
    upper=Decimal(110),
    lines=5,
    spacing=Spacing.ARITHMETIC,
    investment=Decimal(510),
)


def of_eggs(price: int) -> GridPreview:
    return preview(EGG_GRID, Surroundings(EGGS, Decimal(price), ()))


def sides(shown: GridPreview) -> list[str]:
    return [f"{line.number}: {line.side} {line.quantity} at {line.price}" for line in shown.lines]


def test_lines_below_the_price_buy_lines_above_it_sell_and_one_stays_empty() -> None:
    assert sides(of_eggs(97)) == [
        "1: buy 1 at 90",
        "2: buy 1 at 95",
        "3: empty 0 at 100",
        "4: sell 1 at 105",
        "5: sell 1 at 110",
    ]


def test_the_funds_are_the_first_buy_its_reserve_and_the_resting_buys() -> None:
    shown = of_eggs(97)
    assert shown.start_quantity == 2
    assert shown.start_value == 194
    assert shown.buys_value == 185
    assert shown.reserve == Decimal("1.94")
    assert shown.funds_needed == Decimal("380.94")
    assert shown.funds_needed <= EGG_GRID.investment


def test_profit_is_told_per_cell_after_fees() -> None:
    params = GridParams(
        lower=Decimal(20_000), upper=Decimal(30_000), lines=21, spacing=Spacing.ARITHMETIC
    )
    shown = preview(params, Surroundings(BTC, Decimal(25_000), ()))
    assert shown.profit_per_cell_min_percent == Decimal("1.492")
    assert shown.profit_per_cell_max_percent == Decimal("2.295")
    assert shown.fees == (shown.start_value * BTC.taker_fee).quantize(Decimal("0.00000001"))


def test_a_price_outside_the_range_is_said() -> None:
    assert any("below the range" in warning for warning in of_eggs(80).warnings)
    assert {line.side for line in of_eggs(80).lines[1:]} == {"sell"}
    assert any("above the range" in warning for warning in of_eggs(120).warnings)
    assert {line.side for line in of_eggs(120).lines[:-1]} == {"buy"}
    assert of_eggs(100).warnings[1:] == []


def test_money_that_stays_unused_is_said() -> None:
    rich = EGG_GRID.model_copy(update={"investment": Decimal(800)})
    shown = preview(rich, Surroundings(EGGS, Decimal(97), ()))
    assert any("unused" in warning for warning in shown.warnings)


def test_the_grid_then_does_what_the_preview_showed() -> None:
    x = TinyExchange(GridParams(), Decimal(60_000))
    shown = x.grid.preview(x.params, x.around)
    first, *rest = [i for i in x.start() if isinstance(i, PlaceOrder)]
    assert (first.slot, first.quantity) == ("grid:start", shown.start_quantity)
    assert {(i.price, i.quantity) for i in rest} == {
        (line.price, line.quantity) for line in shown.lines if line.side == "buy"
    }
    x.calm()
    sells = {order.price for order in x.book.values() if order.side == "sell"}
    assert sells == {line.price for line in shown.lines if line.side == "sell"}


def test_a_preview_can_be_sent_as_json_with_decimal_strings() -> None:
    around = replace(TinyExchange(GridParams(), Decimal(60_000)).around)
    x = TinyExchange(GridParams(), Decimal(60_000))
    assert '"price":"60000"' in x.grid.preview(x.params, around).model_dump_json()
