from dataclasses import replace
from decimal import Decimal

from tests.strategies.tiny_exchange import BTC
from tradingbot.trading.funds import Funds
from tradingbot.trading.intent import CancelOrder, Finish, Notify, PlaceOrder
from tradingbot.trading.order import OrderType, Side
from tradingbot.trading.risk import Limits, check

D = Decimal
LIMITS = Limits(BTC, price=Decimal("60000.001"), order_value_max=Decimal(100))


def an_order(quantity: str, price: str | None) -> PlaceOrder:
    at = None if price is None else Decimal(price)
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return PlaceOrder("grid:01:buy", 1, Side.BUY, kind, Decimal(quantity), at, "because")


def test_cancelling_is_always_allowed() -> None:
    others = (CancelOrder("grid:01:buy", 1, "stop"), Notify("bot_error", "oh"), Finish("done"))
    assert check(others, LIMITS) == (others, ())


def test_orders_keep_their_turn_and_the_refused_carry_a_reason() -> None:
    good, small, large = (
        an_order("0.001", "60000"),
        an_order("0.00001", "60000"),
        an_order("0.002", "60000"),
    )
    approved, refused = check((good, small, good, large), LIMITS)
    assert approved == (good, good)
    assert [(no.intent, no.code) for no in refused] == [
        (small, "below_minimum_notional"),
        (large, "above_order_value_max"),
    ]
    assert "100" in refused[1].reason


def test_a_market_order_is_judged_at_the_last_price() -> None:
    approved, refused = check((an_order("0.001", None), an_order("0.002", None)), LIMITS)
    assert len(approved) == len(refused) == 1
    assert refused[0].code == "above_order_value_max"


def test_an_order_worth_exactly_the_limit_passes() -> None:
    assert check((an_order("0.002", "50000"),), LIMITS)[1] == ()


def test_an_order_needs_money_that_no_order_before_it_has_taken() -> None:
    limits = replace(LIMITS, funds=Funds(quote=Decimal(100)))
    first, second = an_order("0.001", "60000"), an_order("0.0007", "60000")
    approved, refused = check((first, second), limits)
    assert approved == (first,)
    assert [(no.intent, no.code) for no in refused] == [(second, "insufficient_funds")]
    assert refused[0].reason == "it needs 42 USDT, and the bot has 40 USDT left"
    assert check((second,), limits.after(approved))[0] == ()


def test_an_order_for_all_the_money_there_is_passes() -> None:
    assert check((an_order("0.001", "60000"),), replace(LIMITS, funds=Funds(quote=D(60))))[1] == ()


def test_a_sale_needs_coins_and_no_money() -> None:
    sale = replace(an_order("0.001", "60000"), side=Side.SELL)
    assert check((sale,), replace(LIMITS, funds=Funds(base=D("0.001"))))[1] == ()
    [no] = check((sale,), replace(LIMITS, funds=Funds(D("0.00099999"), D(1_000))))[1]
    assert no.reason == "it needs 0.001 BTC, and the bot has 0.00099999 BTC left"


def test_a_market_order_needs_a_little_more_than_the_last_price() -> None:
    order = an_order("0.001", None)
    bare, ample = (replace(LIMITS, funds=Funds(quote=D(money))) for money in (60, 61))
    assert [no.code for no in check((order,), bare)[1]] == ["insufficient_funds"]
    assert check((order,), ample)[1] == ()


def test_a_sale_passes_with_the_money_overdrawn() -> None:
    sale = replace(an_order("0.001", "60000"), side=Side.SELL)
    assert check((sale,), replace(LIMITS, funds=Funds(D("0.001"), D(-1))))[1] == ()
