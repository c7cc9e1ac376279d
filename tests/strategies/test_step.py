from decimal import ROUND_UP, Context, Decimal, localcontext

from tests.strategies.tiny_exchange import BTC, NOW
from tradingbot.strategies.grid import Grid
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.step import step
from tradingbot.strategies.strategy import Surroundings
from tradingbot.trading.event import Started
from tradingbot.trading.intent import PlaceOrder
from tradingbot.trading.risk import Limits

PRICE = Decimal(60_000)
GRID = Grid()
PARAMS = GRID.complete(GridParams(), Surroundings(BTC, PRICE, ()))
STARTED = Started(NOW, BTC, PRICE)


def test_a_step_is_a_decision_that_passed_the_last_gate() -> None:
    decision = GRID.decide(PARAMS, GRID.begin(PARAMS), STARTED)
    limits = Limits(BTC, PRICE, GRID.order_value_max(PARAMS))
    taken = step(GRID, PARAMS, GRID.begin(PARAMS), STARTED, limits)
    assert (taken.state, taken.approved, taken.refused) == (decision.state, decision.intents, ())


def test_a_rounding_a_library_left_behind_changes_no_decision() -> None:
    limits = Limits(BTC, Decimal(60_000), Decimal(1_000))
    event = Started(NOW, BTC, Decimal(60_000))
    params = GridParams(lower=Decimal(51_003), upper=Decimal(69_007), lines=7)
    usual = step(Grid(), params, Grid().begin(params), event, limits)

    with localcontext(Context(prec=9, rounding=ROUND_UP)):
        assert step(Grid(), params, Grid().begin(params), event, limits) == usual


def test_an_order_above_the_limit_stays_behind_and_the_rest_goes_on() -> None:
    limits = Limits(BTC, PRICE, order_value_max=Decimal(20))
    taken = step(GRID, PARAMS, GRID.begin(PARAMS), STARTED, limits)
    assert [no.intent.slot for no in taken.refused] == ["grid:start"]
    assert all(i.slot != "grid:start" for i in taken.approved if isinstance(i, PlaceOrder))
    assert taken.approved
