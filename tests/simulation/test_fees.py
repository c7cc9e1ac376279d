from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradingbot.simulation.fees import FeeRates, fee_in_third_coin, fee_on


def test_a_fee_is_a_share_of_what_is_received() -> None:
    assert fee_on(Decimal("0.5"), Decimal("0.001")) == Decimal("0.0005")


def test_maker_and_taker_have_their_own_rate() -> None:
    rates = FeeRates(maker=Decimal("0.0008"), taker=Decimal("0.002"))
    assert rates.rate(maker=True) == Decimal("0.0008")
    assert rates.rate(maker=False) == Decimal("0.002")


@given(
    st.decimals("0.00000001", "1000000", places=8),
    st.decimals("0", "0.01", places=5),
)
def test_a_fee_has_eight_places_and_never_exceeds_its_rate(
    received: Decimal, rate: Decimal
) -> None:
    fee = fee_on(received, rate)
    assert fee == fee.quantize(Decimal("0.00000001"))
    assert received * rate - Decimal("0.00000001") < fee <= received * rate


def test_a_third_coin_pays_a_quarter_less() -> None:
    fee = fee_in_third_coin(Decimal(60_000), Decimal("0.001"), Decimal(600))
    assert fee == Decimal("0.075")  # 60 USDT, less a quarter, in a coin worth 600


@given(
    st.decimals("0.01", "1000000", places=8),
    st.decimals("0", "0.01", places=5),
    st.decimals("0.01", "100000", places=2),
)
def test_a_fee_in_a_third_coin_has_eight_places_and_never_exceeds_its_rate(
    value: Decimal, rate: Decimal, price: Decimal
) -> None:
    fee = fee_in_third_coin(value, rate, price)
    assert fee == fee.quantize(Decimal("0.00000001"))
    assert fee * price <= value * rate * Decimal("0.75") < (fee + Decimal("0.00000002")) * price
