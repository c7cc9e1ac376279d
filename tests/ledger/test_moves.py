from decimal import Decimal

import pytest

from tradingbot.ledger.moves import BOT, Pocket, free, of_trades, together, transfer
from tradingbot.trading.order import Side
from tradingbot.trading.position import Fill

D = Decimal
BTC, USDT = Pocket(3, BOT, "BTC"), Pocket(3, BOT, "USDT")


def moved(side: str, fee: str, currency: str) -> dict[Pocket, Decimal]:
    """By half a coin at 100."""
    fill = Fill(Side(side), D(100), D("0.5"), D(fee), currency)
    return dict(of_trades(3, BOT, "BTC/USDT", [fill]))


@pytest.mark.parametrize(
    ("side", "fee", "currency", "expected"),
    [
        ("buy", "0.0005", "BTC", {BTC: D("0.4995"), USDT: D(-50)}),
        ("buy", "0.05", "USDT", {BTC: D("0.5"), USDT: D("-50.05")}),
        ("sell", "0.05", "USDT", {BTC: D("-0.5"), USDT: D("49.95")}),
        ("sell", "0.0005", "BTC", {BTC: D("-0.5005"), USDT: D(50)}),
        ("buy", "-0.0005", "BTC", {BTC: D("0.5005"), USDT: D(-50)}),  # a maker's rebate
    ],
)
def test_a_fee_in_a_coin_of_the_market_is_the_bots_to_pay(
    side: str, fee: str, currency: str, expected: dict[Pocket, Decimal]
) -> None:
    assert moved(side, fee, currency) == expected


def test_a_fee_in_a_third_coin_is_paid_from_what_belongs_to_no_bot() -> None:
    assert moved("buy", "0.0001", "BNB") == {
        BTC: D("0.5"),
        USDT: D(-50),
        free("BNB"): D("-0.0001"),
    }


def test_no_fee_moves_nothing_whatever_its_currency_is_called() -> None:
    assert set(moved("sell", "0", "")) == {BTC, USDT}


def test_many_moves_are_one_and_what_comes_to_nothing_is_left_out() -> None:
    there, back = transfer(free("USDT"), USDT, D(5)), transfer(USDT, free("USDT"), D(5))
    assert together(there, back) == {}
    assert together(there, there) == {free("USDT"): D(-10), USDT: D(10)}


def test_no_digit_is_lost_however_many_there_are() -> None:
    fill = Fill(Side.BUY, D("98765432109876543.21098765"), D("0.123456789012345678"), D(0), "")
    assert of_trades(3, BOT, "BTC/USDT", [fill])[USDT] == D(
        "-12193263113702179.43360768120989178958887670"
    )
