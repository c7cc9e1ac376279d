from decimal import ROUND_UP, Context, Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from tradingbot.trading.order import Side
from tradingbot.trading.position import Fill, Position, after, total


def fill(text: str) -> Fill:
    """A fill from words such as `buy 2 at 100 fee 0.002 BTC`."""
    side, quantity, _, price, _, fee, currency = text.split()
    return Fill(Side(side), Decimal(price), Decimal(quantity), Decimal(fee), currency)


def position(*fills: str) -> Position:
    return total([fill(text) for text in fills], "BTC", "USDT")


def test_a_fee_in_base_leaves_less_to_hold() -> None:
    held = position("buy 2 at 100 fee 0.002 BTC")
    assert held.holding == Decimal("1.998")
    assert held.cost == 200
    assert held.average_price == Decimal(200) / Decimal("1.998")
    assert held.fees == {"BTC": Decimal("0.002")}


def test_a_fee_in_quote_makes_the_holding_dearer_and_the_sale_poorer() -> None:
    held = position("buy 1 at 100 fee 0.1 USDT", "sell 1 at 110 fee 0.11 USDT")
    assert held.holding == 0
    assert held.realised == Decimal("9.79")
    assert held.fees == {"USDT": Decimal("0.21")}


def test_a_fee_in_a_third_currency_is_counted_and_changes_nothing_else() -> None:
    held = position("buy 1 at 100 fee 0.01 BNB")
    assert held.holding == 1
    assert held.cost == 100
    assert held.fees == {"BNB": Decimal("0.01")}


def test_a_sale_earns_against_the_average_price() -> None:
    held = position("buy 1 at 100 fee 0 USDT", "buy 1 at 50 fee 0 USDT", "sell 1 at 90 fee 0 USDT")
    assert held.realised == 15
    assert held.average_price == 75
    assert held.unrealised(Decimal(80)) == 5
    assert held.value(Decimal(80)) == 80


def test_selling_what_was_never_bought_is_all_profit_and_a_short_holding() -> None:
    held = position("sell 1 at 100 fee 0 USDT")
    assert held.holding == -1
    assert held.realised == 100
    assert held.cost == 0


def test_a_rounding_a_library_left_behind_changes_no_profit() -> None:
    trades = [f"buy 0.00{n} at 3{n}001.7 fee 0.00000{n} BTC" for n in range(1, 10)]
    trades += [f"sell 0.0007 at 4{n}003.1 fee 0.0{n} USDT" for n in range(1, 10)]
    usual = position(*trades)

    with localcontext(Context(prec=12, rounding=ROUND_UP)):
        assert position(*trades) == usual
        assert position(*trades).average_price == usual.average_price


def test_nothing_held_has_no_average_price() -> None:
    assert Position().average_price is None


FILLS = st.builds(
    Fill,
    side=st.sampled_from(Side),
    price=st.decimals("1", "1000", places=2),
    quantity=st.decimals("0.001", "5", places=3),
    fee=st.decimals("0", "0.001", places=6),
    fee_currency=st.sampled_from(["BTC", "USDT", "BNB"]),
)


@given(fills=st.lists(FILLS, max_size=20))
def test_holding_and_money_are_what_went_in_and_out(fills: list[Fill]) -> None:
    held = Position()
    coins = money = Decimal(0)
    for one in fills:
        held = after(held, one, "BTC", "USDT")
        sign = 1 if one.side is Side.BUY else -1
        coins += sign * one.quantity - (one.fee if one.fee_currency == "BTC" else 0)
        money -= sign * one.quantity * one.price + (one.fee if one.fee_currency == "USDT" else 0)
    assert held.holding == coins
    assert abs(held.realised - held.cost - money) < Decimal("1e-18")
