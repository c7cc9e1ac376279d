from decimal import Decimal

from tradingbot.ledger.moves import BOT, FREE, MANUAL, Pocket, free
from tradingbot.ledger.purse import Purse
from tradingbot.trading.funds import Funds

D = Decimal
OURS, HAND = Pocket(3, BOT, "USDT"), Pocket(3, MANUAL, "USDT")


def purse(
    ours: str = "0", hand: str = "0", spare: str = "0", *, opened: bool = True, **reserved: str
) -> Purse:
    owned = {OURS: D(ours), HAND: D(hand), free("USDT"): D(spare)}
    held = {Pocket(3, origin, "USDT"): D(amount) for origin, amount in reserved.items()}
    return Purse(1, 3, opened, owned, held)


def test_what_orders_hold_back_is_not_idle() -> None:
    assert purse("100", bot="60").idle(BOT, "USDT") == 40
    assert purse("100", bot="60").funds("BTC", "USDT") == Funds(D(0), D(40))
    assert purse("100", manual="60").idle(BOT, "USDT") == 100


def test_what_is_drawn_comes_from_the_other_pocket_first_then_from_what_is_free() -> None:
    drawn = purse(hand="30", spare="100").draw(BOT, "USDT", D(50), shared=True)
    assert drawn == {HAND: D(-30), free("USDT"): D(-20), OURS: D(50)}


def test_what_the_other_pocket_has_promised_or_keeps_for_itself_is_not_drawn() -> None:
    whole = {free("USDT"): D(-50), OURS: D(50)}
    assert purse(hand="30", spare="50", manual="30").draw(BOT, "USDT", D(50), shared=True) == whole
    assert purse(hand="30", spare="50").draw(BOT, "USDT", D(50), shared=False) == whole


def test_more_than_there_is_cannot_be_drawn() -> None:
    short = purse(hand="30", spare="19.99")
    assert short.draw(BOT, "USDT", D(50), shared=True) is None
    assert short.within_reach(BOT, "USDT", shared=True) == D("49.99")
    assert short.draw(BOT, "USDT", D(0), shared=True) == {}


def test_an_overdrawn_pocket_gives_nothing_and_takes_nothing() -> None:
    overdrawn = purse(hand="-5", spare="-1")
    assert overdrawn.within_reach(BOT, "USDT", shared=True) == 0
    assert overdrawn.draw(BOT, "USDT", D(1), shared=True) is None


def test_before_the_opening_anything_may_be_drawn_for_nobody_knows_what_there_is() -> None:
    drawn = purse(opened=False).draw(BOT, "USDT", D(50), shared=True)
    assert drawn == {free("USDT"): D(-50), OURS: D(50)}


def test_what_is_left_goes_back_but_not_from_under_an_order() -> None:
    everything = {OURS: D(-7), HAND: D(-5), free("USDT"): D(12)}
    assert purse("7", "5", "100").leftovers() == everything
    assert purse("7", "5", bot="0").leftovers() == {HAND: D(-5), free("USDT"): D(5)}
    assert purse("7", "5").leftovers(BOT) == {HAND: D(-5), free("USDT"): D(5)}
    assert purse("-7", "0", "100").leftovers() == {OURS: D(7), free("USDT"): D(-7)}


def test_moves_change_what_there_is() -> None:
    after = purse("7", spare="5").after({OURS: D(2), free("USDT"): D(-2)})
    assert after.amount(BOT, "USDT") == 9
    assert after.amount(FREE, "USDT") == 3


def test_what_is_given_up_is_free() -> None:
    given = purse("7").given_up("BTC", "USDT", Funds(quote=D(3)))
    assert given == {OURS: D(-3), free("USDT"): D(3)}
