from decimal import Decimal

from tradingbot.ledger.sentences import drifted, short

D = Decimal


def test_what_came_and_what_went_is_said_in_words() -> None:
    assert drifted({"BTC": D("0.50")}) == "0.5 BTC came in from outside, free for any bot"
    assert drifted({"USDT": D(-100)}) == (
        "100 USDT less than the books say, taken from the free part"
    )
    assert drifted({"BTC": D("0.1"), "ETH": D(2), "USDT": D("-6000")}) == (
        "0.1 BTC and 2 ETH came in from outside, free for any bot; "
        "6,000 USDT less than the books say, taken from the free part"
    )


def test_what_is_missing_is_said_with_whose_it_is() -> None:
    said = short({"USDT": D(800)}, {"USDT": ["Grid one (500)", "Grid two (500)"]})
    assert said == (
        "800 USDT are missing that belong to Grid one (500), Grid two (500); "
        "orders may be refused until they are back"
    )


def test_a_fee_that_took_more_than_was_free_belongs_to_nobody() -> None:
    said = short({"BNB": D("0.001")}, {"BNB": []})
    assert said == "0.001 BNB are missing; orders may be refused until they are back"
