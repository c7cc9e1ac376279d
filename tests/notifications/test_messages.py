"""Every event has its words in every language, and no data can spoil a line."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingbot.events.schemas import EventType
from tradingbot.notifications.messages import LANGUAGES, Happened, digest, tell

ORDER = {
    "symbol": "BTC/USDT", "side": "buy", "type": "limit", "quantity": "0.001", "price": "50000",
    "filled_quantity": "0.001", "average_price": "49990.5", "fee": "0.01",
    "fee_currency": "USDT",
    "status": "filled", "code": None, "reason": "", "message": "Order filled.", "bot_id": 1,
}  # fmt: skip
BOT = {"bot": "My Bot", "strategy": "grid", "symbol": "BTC/USDT", "message": "My Bot is running."}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FACTS = st.sampled_from(
    [
        "side",
        "quantity",
        "symbol",
        "price",
        "reason",
        "bot",
        "message",
        "fee",
        "profit",
        "amount",
        "symbol",
    ]
)


def text(kind: str, data: dict[str, object], language: str) -> str:
    return tell(kind, data, language).text


@pytest.mark.parametrize(
    ("kind", "language", "data", "line"),
    [
        ("order_filled", "en", ORDER,
         ("Order filled: buy 0.001 BTC/USDT, price 49,990.50 USDT, amount 49.9905 USDT,"
         " fee 0.01 USDT")),
        ("order_filled", "ru", ORDER,
         ("Ордер исполнен: покупка 0,001 BTC/USDT, цена 49 990,50 USDT, сумма 49,9905 USDT,"
         " комиссия 0,01 USDT")),
        ("daily_summary", "ru",
         {"fills": 1234, "profit": "-1500.5", "profit_currency": "USDT",
          "more_profit": "1234.5 EUR, 0.5 BTC", "fees_paid": "a few coins", "open_orders": "10000"},
         ("Итоги дня: сделок 1 234, прибыль -1 500,50 USDT, ещё 1 234,50 EUR, 0,50 BTC,"
          " комиссии a few coins, открытых ордеров 10 000")),
        ("bot_stopped", "ru", {"bot": "A", "message": "A: stopped by its owner"},
         "Бот остановлен: A, A: остановлен владельцем"),
        ("exchange_error", "en", ORDER | {"reason": "not enough USDT"},
         "The exchange refused: buy 0.001 BTC/USDT, price 50,000.00 USDT, not enough USDT"),
        ("bot_started", "en", BOT, "Bot started: My Bot, grid on BTC/USDT"),
        ("bot_started", "ru", BOT, "Бот запущен: My Bot, сетка, BTC/USDT"),
        ("bot_error", "en", BOT | {"message": "My Bot: no money"},
         "Bot in trouble: My Bot, grid on BTC/USDT, My Bot: no money"),
        ("daily_summary", "en", {"message": "3 fills, +1 USDT"}, "Your day: 3 fills, +1 USDT"),
        ("order_filled", "en", {}, "Order filled"),
        ("bot_created", "en", {"bot": "evil\nname\x1b[2J"}, "Bot created: evil name [2J"),
    ],
)  # fmt: skip
def test_the_words(kind: str, language: str, data: dict[str, object], line: str) -> None:
    assert text(kind, data, language) == line


def test_of_a_little_that_is_known_all_is_said() -> None:
    little: dict[str, object] = {"symbol": "BTC/USDT", "price": "60000"}
    assert text("order_filled", little, "en") == "Order filled: BTC/USDT, price 60,000.00 USDT"


def test_every_language_speaks_of_every_event() -> None:
    for name, language in LANGUAGES.items():
        assert set(language.entries) == set(EventType), name
        assert set(language.counts) == set(EventType), name
        titles = [entry.title for entry in language.entries.values()]
        assert len(set(titles)) == len(titles)


@given(
    st.sampled_from(EventType),
    st.sampled_from(sorted(LANGUAGES)),
    st.dictionaries(FACTS | st.text(), JSON),
)
def test_any_data_makes_one_line_of_bearable_length(
    kind: EventType, language: str, data: dict[str, object]
) -> None:
    telling = tell(kind, data, language)
    assert telling.text.startswith(LANGUAGES[language].entries[kind].title)
    assert len(telling.text) < 2000
    everything = [telling.title, telling.advice, telling.text, *sum(telling.facts, ())]
    assert all(line.isprintable() for line in everything)


@given(
    st.lists(st.sampled_from(EventType), min_size=1, max_size=50),
    st.sampled_from(sorted(LANGUAGES)),
    st.dictionaries(FACTS | st.text(), JSON),
)
def test_any_digest_is_one_of_bearable_length(
    kinds: list[EventType], language: str, data: dict[str, object]
) -> None:
    happened = [Happened(kind, data, datetime(2026, 1, 1, tzinfo=UTC)) for kind in kinds]
    telling = digest(happened, language, UTC)
    assert len(telling.text) < 6000
    assert all(line.isprintable() for line in [telling.text, *sum(telling.facts, ())])


def test_a_name_with_braces_is_only_a_name() -> None:
    assert text("bot_created", {"bot": "{symbol}{0.__class__}"}, "en").endswith(
        "{symbol}{0.__class__}"
    )


def test_a_long_reason_is_said_in_russian_before_it_is_cut() -> None:
    coins = " and ".join(f"{number} COIN{number}" for number in range(1, 25))
    said = text("account_warning", {"reason": f"{coins} are missing"}, "ru")
    assert said.startswith("Проверьте счёт: не хватает 1 COIN1 и 2 COIN2")
    assert said.endswith("…")


def test_five_thousand_characters_are_cut() -> None:
    assert len(text("bot_error", {"reason": "x" * 5000}, "en")) < 300
