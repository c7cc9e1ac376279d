"""Everything the product says of why is said to a Russian in Russian."""

import re
from dataclasses import replace
from decimal import Decimal
from random import Random
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.notifications.sentences import everything_said
from tests.orders.test_next_status import an_order
from tests.strategies.tiny_exchange import BTC, TinyExchange
from tradingbot.adapters.ccxt_errors import BYBIT
from tradingbot.events.schemas import EventType
from tradingbot.ledger.sentences import drifted, short
from tradingbot.notifications.reasons import CATALOGUES, CHARACTERS_MAX, said_in
from tradingbot.orders.sentences import sentence
from tradingbot.strategies.grid_params import GridParams
from tradingbot.trading.event import OnStop
from tradingbot.trading.order import OrderStatus

D = Decimal
# Parameters go by their names in the API. What an exchange says is its own.
OURS = set(GridParams.model_fields)
THEIRS = "the exchange said"
ENGLISH = re.compile(r"(?<![\w/-])[a-z][a-z_]+(?![\w/-])")
LEFT = "7 orders stay on the exchange, 0.5 BTC left, worth about 25,000 USDT"
COUNTED = (
    ("placed", EventType.ORDER_PLACED, OrderStatus.OPEN),
    ("filled", EventType.ORDER_FILLED, OrderStatus.FILLED),
    ("cancelled", EventType.ORDER_CANCELLED, OrderStatus.CANCELLED),
    ("refused", EventType.EXCHANGE_ERROR, OrderStatus.REJECTED),
    ("absent", EventType.EXCHANGE_ERROR, OrderStatus.NOT_PLACED),
)


def russian(sentence: str) -> str:
    return said_in("ru", sentence)


def is_russian(sentence: str) -> bool:
    return not set(ENGLISH.findall(russian(sentence))) - OURS


def test_every_sentence_in_the_code_has_its_translation() -> None:
    said = list(everything_said())
    assert len(said) > 150
    assert [each for each in said if not is_russian(each.sentence)] == []


@pytest.mark.parametrize("name", [*OrderStatus, *sorted(set(BYBIT.endings.values()))])
def test_every_name_that_stands_for_a_reason_has_its_translation(name: str) -> None:
    assert is_russian(name)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_a_grid_lives_through_it_is_told_in_russian(seed: int) -> None:
    for said in _a_life(Random(seed)):  # noqa: S311  # chance that can be had again
        shown = russian(re.sub(rf"{THEIRS} \w+", "7", said))
        assert not set(ENGLISH.findall(shown)) - OURS, said


@pytest.mark.parametrize(("name", "kind", "status"), COUNTED)
def test_what_became_of_an_order_is_told_in_russian(
    name: str, kind: EventType, status: OrderStatus
) -> None:
    for price in (D("1234.5"), None):
        order = replace(an_order(status), price=price, filled_quantity=D(3), reason="line 7")
        assert is_russian(sentence(order, kind)), name


@pytest.mark.parametrize(
    ("english", "shown"),
    [
        (f"stopped by its owner: {LEFT}; -12.5 USDT earned in 1 cell",
         ("остановлен владельцем: ордеров осталось на бирже: 7, осталось 0,5 BTC, "
         "это около 25 000 USDT; заработано -12,5 USDT, ячеек: 1")),
        (("My grid: the buy on line 3 was refused (Filter failure: LOT_SIZE): "
         "it waits for the next fill"),
         "My grid: покупка на линии 3: отказ (Filter failure: LOT_SIZE), ждёт следующей сделки"),
        ("Order 12345 is filled in our books and open on the exchange",
         "Ордер 12345 в нашем учёте исполнен, а на бирже открыт"),
        (drifted({"BTC": D("0.5"), "EUR": D(1000), "USDT": D(-1)}),
         ("пришло извне 0,5 BTC и 1 000 EUR, свободно для любого бота; "
         "на 1 USDT меньше, чем в учёте, списано со свободной части")),
        (short({"BTC": D(2)}, {"BTC": ["My grid (1,500.5)", "bot 5 (2)"]}),
         ("не хватает 2 BTC, их владельцы: My grid (1 500,5), бот 5 (2); "
         "пока их нет, в ордерах может быть отказано")),
        ("telegram was switched off: Telegram: Forbidden: bot was blocked by the user",
         "канал telegram отключён: Telegram: Forbidden: bot was blocked by the user"),
        ("Account has insufficient balance for 3 orders and more.",
         "Account has insufficient balance for 3 orders and more."),
    ],
)  # fmt: skip
def test_figures_are_written_anew_and_others_words_stay(english: str, shown: str) -> None:
    assert russian(english) == shown
    assert said_in("en", english) == english


def test_a_translation_leaves_nothing_out() -> None:
    for _, catalogue in CATALOGUES.values():
        for english, said in catalogue.items():
            assert _names(english) == _names(said), english


@given(st.text() | st.lists(st.sampled_from([*": ;.,(7Aa", "line ", " at "])).map("".join))
def test_nothing_anybody_pushes_ends_badly(pushed: str) -> None:
    assert isinstance(russian(pushed), str)


def test_sentences_in_sentences_end_somewhere() -> None:
    deep = russian("stopped: " * 50 + "stopped")
    assert deep.startswith("остановлен: остановлен: ")
    assert deep.endswith("stopped: stopped")


def test_what_is_longer_than_anything_we_say_is_left_alone() -> None:
    flood = "stopped: " * CHARACTERS_MAX
    assert russian(flood) == flood


def _names(template: str) -> list[str]:
    return sorted(name for _, name, *_ in Formatter().parse(template) if name)


def _a_life(chance: Random) -> list[str]:
    """All a grid says while it is traded with, cancelled, refused and stopped."""
    params = GridParams(
        lower=D(50_000), upper=D(70_000), lines=chance.randint(3, 9), investment=D(250),
        stop_loss=D(45_000), take_profit=D(76_000),
    )  # fmt: skip
    x = TinyExchange(params, D(60_000), slippage=D(chance.choice([0, 8])) / 1000)
    x.start()
    for _ in range(60):
        some = sorted(key for key in x.book if not x.part(key))
        match chance.choice(["move"] * 5 + ["part", "cancel", "refuse", "refuse", "stop"]):
            case "part" if some:
                x.fill_part(key := chance.choice(some), BTC.step_size * 40)
                x.cancel(key, "the exchange let it expire")
            case "cancel" if some:
                x.cancel(chance.choice(some), "cancelled")
            case "refuse" if some:
                x.refuse(chance.choice(some), chance.choice(["not_placed", "insufficient_funds"]))
            case "stop":
                x.stop(chance.choice(list(OnStop)))
                x.calm()
                x.start()
            case _:
                x.move(D(chance.randint(44_000, 77_000)))
                if x.stopped:
                    x.start()
    return x.said
