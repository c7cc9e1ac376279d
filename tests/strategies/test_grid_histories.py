"""Whatever happens to a grid, in whatever order, it keeps its promises and its books."""

from decimal import Decimal, localcontext
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.strategies.tiny_exchange import BTC, TinyExchange
from tradingbot.strategies.grid_params import GridParams, Spacing
from tradingbot.strategies.grid_state import Phase
from tradingbot.strategies.strategy import Decision
from tradingbot.trading.event import OnStop
from tradingbot.trading.intent import Finish
from tradingbot.trading.money import EXACT
from tradingbot.trading.order import Side

CODES = ["insufficient_funds", "below_minimum_notional", "not_placed", "price_off_tick"]

PARAMS = st.builds(
    GridParams,
    lower=st.sampled_from([Decimal(50_000), Decimal(57_000)]),
    upper=st.sampled_from([Decimal(62_000), Decimal(70_000)]),
    lines=st.integers(2, 9),
    spacing=st.sampled_from(Spacing),
    investment=st.sampled_from([Decimal(100), Decimal(250), Decimal(900)]),
    stop_loss=st.sampled_from([None, Decimal(45_000)]),
    take_profit=st.sampled_from([None, Decimal(76_000)]),
)
PRICES = st.integers(46_000, 75_000).map(Decimal)


class AGridInAnUnrulyWorld(RuleBasedStateMachine):
    @initialize(
        params=PARAMS,
        price=PRICES,
        slip=st.integers(0, 9),
        fee=st.sampled_from([None, "BNB", "USDT"]),
    )
    def begin(self, params: GridParams, price: Decimal, slip: int, fee: str | None) -> None:
        self.x = TinyExchange(params, price, slippage=Decimal(slip) / 1000, fee_currency=fee)
        self.x.start()

    def pick(self, data: st.DataObject) -> tuple[str, int]:
        return data.draw(st.sampled_from(sorted(self.x.book)))

    @rule(price=PRICES)
    def the_price_moves(self, price: Decimal) -> None:
        for key in [key for key, order in self.x.book.items() if order.price is None]:
            self.x.fill(key)  # market orders do not wait
        self.x.move(price)

    @rule()
    def what_can_fill_fills(self) -> None:
        self.x.calm()

    @precondition(lambda self: self.x.book)
    @rule(data=st.data())
    def an_order_fills_out_of_turn(self, data: st.DataObject) -> None:
        self.x.fill(self.pick(data))

    @precondition(lambda self: self.x.book)
    @rule(data=st.data(), lots=st.integers(1, 40))
    def a_part_fills_in_silence(self, data: st.DataObject, lots: int) -> None:
        key = self.pick(data)
        left = self.x.book[key].quantity - self.x.part(key)
        self.x.fill_part(key, min(lots * BTC.step_size, left))

    @precondition(lambda self: self.x.book)
    @rule(data=st.data())
    def somebody_cancels_an_order(self, data: st.DataObject) -> None:
        self.x.cancel(self.pick(data), "cancelled on the exchange's page")

    @rule()
    def cancels_are_answered(self) -> None:
        self.x.answer_cancels()

    @precondition(lambda self: self.untouched())
    @rule(data=st.data(), code=st.sampled_from(CODES))
    def an_order_is_refused(self, data: st.DataObject, code: str) -> None:
        self.x.refuse(data.draw(st.sampled_from(self.untouched())), code)

    def untouched(self) -> list[tuple[str, int]]:
        return sorted(key for key in self.x.book if not self.x.part(key))

    @precondition(lambda self: not self.x.stopped)
    @rule(on_stop=st.sampled_from(OnStop))
    def the_owner_stops_it(self, on_stop: OnStop) -> None:
        self.x.stop(on_stop)

    @rule()
    def it_starts_again(self) -> None:
        self.x.start()

    @rule(params=PARAMS)
    def the_owner_changes_the_parameters(self, params: GridParams) -> None:
        self.x.change(params)

    @rule(data=st.data())
    def old_news_is_told_again(self, data: st.DataObject) -> None:
        self.x.tell_old_news(data.draw(st.integers(0, len(self.x.history) - 1)))

    @invariant()
    def open_buys_never_exceed_the_money(self) -> None:
        if hasattr(self, "x"):
            state = self.x.state
            assert state.reserved == 0 or state.reserved <= state.cash

    def teardown(self) -> None:
        if not hasattr(self, "x"):
            return
        self.the_same_history_asks_for_the_same_orders()
        self.it_can_always_be_sold_out()

    def the_same_history_asks_for_the_same_orders(self) -> None:
        # As in a step: ccxt leaves another rounding behind in the threads it works in.
        with localcontext(EXACT):
            self.it_decides_the_same_again()

    def it_decides_the_same_again(self) -> None:
        decision = Decision(self.x.grid.begin(self.x.params))
        for params, event, taken in self.x.history:
            decision = self.x.grid.decide(params, decision.state, event)
            refused = [no.intent for no in taken.refused]
            assert [i for i in decision.intents if i not in refused] == list(taken.approved)
        assert decision.state == self.x.state

    def it_can_always_be_sold_out(self) -> None:
        if self.x.stopped:
            self.x.start()
        self.x.stop(OnStop.SELL)
        self.x.calm()
        assert self.x.state.phase is Phase.STOPPED
        assert not self.x.book
        assert self.x.finished
        left = BTC.quantity(self.x.state.holding)
        # Too little to be sold, now or at the last price the grid heard of.
        assert left * min(self.x.state.price, self.x.price) < BTC.notional_min


TestHistories = pytest.mark.timeout(300)(AGridInAnUnrulyWorld.TestCase)
TestHistories.settings = settings(
    max_examples=100,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize("seed", range(5))
def test_a_random_walk_leaves_the_same_profit_in_the_fills_and_in_the_books(seed: int) -> None:
    walk = Random(seed)  # noqa: S311  # a path of prices, no secret
    params = GridParams(
        lower=Decimal(45_000), upper=Decimal(80_000), lines=40, investment=Decimal(500)
    )
    x = TinyExchange(params, Decimal(60_000))
    x.start()
    x.calm()
    for _ in range(300):
        x.move(BTC.price(x.price * Decimal(1 + walk.gauss(0, 0.004))))
    state, position = x.state, x.position
    by_fills = position.realised + position.unrealised(x.price)
    by_books = state.cash + state.holding * x.price - state.investment
    assert abs(by_fills - by_books) < Decimal("1e-18")
    assert state.cells_completed > 0
    assert state.grid_profit > 0
    assert x.finished == []
    assert [note.type for note in x.notified] == ["deal_closed"] * state.cells_completed
    assert sum(note.profit or 0 for note in x.notified) == state.grid_profit
    sold = sum(fill.side is Side.SELL for fill in x.fills)
    assert sold == x.state.cells_completed


def test_stopping_and_starting_at_every_step_changes_no_holding_for_the_worse() -> None:
    walk = Random(7)  # noqa: S311  # a path of prices, no secret
    x = TinyExchange(GridParams(lower=Decimal(55_000), upper=Decimal(65_000)), Decimal(60_000))
    x.start()
    for index in range(120):
        x.move(BTC.price(x.price * Decimal(1 + walk.gauss(0, 0.004))))
        x.stop([OnStop.KEEP, OnStop.CANCEL][index % 2])
        x.calm()
        assert isinstance(x.history[-1][2].approved[-1], Finish)
        x.start()
        x.calm()
    assert x.state.phase is Phase.RUNNING
    assert len(x.book) >= len(x.state.cells) - 1
    assert {note.type for note in x.notified} == {"deal_closed"}


@pytest.mark.parametrize("fee", [None, "USDT", "BNB"])
def test_dust_is_carried_into_the_next_sale_whatever_fees_are_taken_in(fee: str | None) -> None:
    walk = Random(3)  # noqa: S311  # a path of prices, no secret
    params = GridParams(
        lower=Decimal(50_000), upper=Decimal(72_000), lines=30, investment=Decimal(400)
    )
    x = TinyExchange(params, Decimal(60_000), fee_currency=fee)
    x.start()
    x.calm()
    for _ in range(200):
        x.move(BTC.price(x.price * Decimal(1 + walk.gauss(0, 0.004))))
        # Every sale took along what was loose, as far as whole lots go.
        assert x.state.loose < BTC.step_size
    bought = sum((f.quantity for f in x.fills if f.side is Side.BUY), Decimal(0))
    sold = sum((f.quantity for f in x.fills if f.side is Side.SELL), Decimal(0))
    taken = x.position.fees.get("BTC", Decimal(0))
    assert x.state.holding == bought - sold - taken == x.owned.base
    assert (taken > 0) == (fee is None)
    x.stop(OnStop.SELL)
    x.calm()
    assert x.state.holding < BTC.step_size  # the last sale took it all; what is left goes back
    assert not x.owned


def test_a_grid_that_is_given_less_money_gives_the_rest_back_once_its_orders_are() -> None:
    x = TinyExchange(GridParams(investment=Decimal(300)), Decimal(60_000))
    x.start()
    x.calm()
    x.change(x.params.model_copy(update={"investment": Decimal(200)}))
    assert x.owned.quote > x.grid.funds(x.params, x.state).quote
    x.calm()
    assert x.owned == x.grid.funds(x.params, x.state)
    assert x.state.investment == 200
