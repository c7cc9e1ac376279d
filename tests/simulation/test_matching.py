from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradingbot.simulation.matching import Book, Budget, Match, Quantity, Resting
from tradingbot.trading.order import Side

BUY, SELL = Side.BUY, Side.SELL


def d(text: str | int) -> Decimal:
    return Decimal(text)


def book(*orders: tuple[Side, str, str]) -> Book:
    made = Book()
    for number, (side, price, quantity) in enumerate(orders, start=1):
        made.rest(Resting(number, side, d(price), d(quantity)))
    return made


def test_the_better_price_is_met_first() -> None:
    made = book((SELL, "101", "1"), (SELL, "100", "1"))
    assert made.meet(BUY, d(101), Quantity(d("1.5"))) == [
        Match(2, d(100), d(1)),
        Match(1, d(101), d("0.5")),
    ]


def test_at_one_price_who_came_first_is_met_first() -> None:
    made = book((BUY, "100", "1"), (BUY, "100", "1"))
    assert [match.maker for match in made.meet(SELL, d(100), Quantity(d(2)))] == [1, 2]


def test_nobody_pays_more_than_their_limit() -> None:
    assert book((SELL, "101", "1")).meet(BUY, d(100), Quantity(d(1))) == []


def test_users_are_met_before_the_surrounding_market_at_the_same_price() -> None:
    made = book((SELL, "100", "1"))
    made.quote([], [(d(100), d(5)), (d(102), d(5))])
    assert [match.maker for match in made.meet(BUY, None, Quantity(d(7)))] == [1, None, None]


def test_the_surrounding_market_comes_first_where_it_is_cheaper() -> None:
    made = book((SELL, "101", "1"))
    made.quote([], [(d(100), d(1)), (d(102), d(1))])
    assert [match.maker for match in made.meet(BUY, None, Quantity(d(3)))] == [None, 1, None]


def test_a_budget_buys_whole_steps_and_never_more_than_it_holds() -> None:
    made = Book()
    made.quote([], [(d(100), d("0.5")), (d(110), d(9))])
    matches = made.meet(BUY, None, Budget(d(100), d("0.1")))
    assert matches == [Match(None, d(100), d("0.5")), Match(None, d(110), d("0.4"))]


def test_looking_changes_nothing_and_settling_does() -> None:
    made = book((SELL, "100", "1"))
    made.quote([], [(d(100), d(1))])
    matches = made.meet(BUY, d(100), Quantity(d("1.5")))
    assert list(made.levels(SELL)) == [(d(100), d(2))]
    made.settle(BUY, matches)
    assert list(made.levels(SELL)) == [(d(100), d("0.5"))]


def test_a_trade_beyond_an_orders_price_fills_all_of_it_at_its_own_price() -> None:
    made = book((BUY, "100", "3"), (BUY, "99", "1"))
    assert made.crossed(d("99.5"), d("0.001")) == [Match(1, d(100), d(3))]


def test_a_trade_just_at_an_orders_price_fills_no_more_than_was_traded() -> None:
    made = book((SELL, "100", "1"), (SELL, "100", "1"))
    assert made.crossed(d(100), d("1.5")) == [Match(1, d(100), d(1)), Match(2, d(100), d("0.5"))]


def test_a_trade_in_between_fills_nobody() -> None:
    assert book((BUY, "99", "1"), (SELL, "101", "1")).crossed(d(100), d(9)) == []


def test_a_withdrawn_order_is_met_no_more() -> None:
    made = book((BUY, "100", "1"))
    assert made.withdraw(1) is not None
    assert made.withdraw(1) is None
    assert made.best(BUY) is None
    assert not made.would_match(SELL, d(1))


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(90, 110).map(Decimal),
        st.integers(1, 20).map(Decimal),
    ),
    max_size=40,
)


def trade(orders: list[tuple[Side, Decimal, Decimal]]) -> list[tuple[int, Side, Decimal, Match]]:
    """Every order takes what it can and rests with the remainder."""
    made, met = Book(), []
    for number, (side, price, quantity) in enumerate(orders):
        matches = made.meet(side, price, Quantity(quantity))
        made.settle(side, matches)
        met += [(number, side, price, match) for match in matches]
        left = quantity - sum(match.quantity for match in matches)
        if left:
            made.rest(Resting(number, side, price, left))
        bid, ask = made.best(BUY), made.best(SELL)
        assert bid is None or ask is None or bid < ask
    return met


@given(ORDERS)
def test_every_meeting_suits_both_and_nobody_gives_more_than_they_had(
    orders: list[tuple[Side, Decimal, Decimal]],
) -> None:
    given: dict[int, Decimal] = {}
    for taker, side, limit, match in trade(orders):
        assert match.maker is not None
        maker_side, maker_price, _ = orders[match.maker]
        assert maker_side is not side
        assert match.price == maker_price
        assert match.price <= limit if side is BUY else match.price >= limit
        for number in (taker, match.maker):
            given[number] = given.get(number, Decimal(0)) + match.quantity
    assert all(amount <= orders[number][2] for number, amount in given.items())


@given(ORDERS)
def test_price_and_then_time_decide_who_is_met(
    orders: list[tuple[Side, Decimal, Decimal]],
) -> None:
    resting: dict[int, Decimal] = {}
    met = trade(orders)
    for number, (side, price, quantity) in enumerate(orders):
        mine = [match for taker, _, _, match in met if taker == number]
        for match in mine:
            assert match.maker is not None
            same_side = [other for other in resting if orders[other][0] is not side]
            first = min(
                same_side,
                key=lambda other: (orders[other][1] * (1 if side is BUY else -1), other),
            )
            assert match.maker == first
            resting[first] -= match.quantity
            if not resting[first]:
                del resting[first]
        left = quantity - sum(match.quantity for match in mine)
        if left:
            resting[number] = left
        assert all(
            price < orders[other][1] if side is BUY else price > orders[other][1]
            for other in resting
            if left and orders[other][0] is not side
        )
