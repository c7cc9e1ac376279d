from decimal import Decimal

from tradingbot.trading.funds import Funds, estimate, needed
from tradingbot.trading.order import Side

D = Decimal


def test_a_buy_needs_quote_and_a_sale_needs_base() -> None:
    assert needed(Side.BUY, D("0.5"), D(60_000)) == Funds(quote=D(30_000))
    assert needed(Side.SELL, D("0.5"), D(60_000)) == Funds(base=D("0.5"))


def test_a_market_order_is_reckoned_a_little_dearer_than_the_last_price() -> None:
    assert D(60_000) < estimate(D(60_000)) < D(60_000) * D("1.01")


def test_funds_are_added_and_taken_away_to_the_last_digit() -> None:
    much, little = Funds(D(10) ** 20, D("1e-18")), Funds(D("1e-18"), D(10) ** 20)
    assert much.plus(little).less(little) == much


def test_more_of_one_coin_does_not_make_up_for_less_of_the_other() -> None:
    assert Funds(D(3), D(1)).beyond(Funds(D(1), D(5))) == Funds(base=D(2))
    assert not Funds(D(1), D(1)).beyond(Funds(D(1), D(2)))


def test_no_more_than_there_is_and_no_less_than_nothing() -> None:
    assert Funds(D(3), D(1)).within(Funds(D(2), D(-1))) == Funds(base=D(2))
