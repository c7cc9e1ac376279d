"""The words of every message, in every language we speak."""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from tradingbot.events.schemas import EventType

VALUE_CHARACTERS_MAX = 200

# A part is said when every fact it names is there; the first is always said.
Parts = Sequence[str]

_ORDER_EN = ("{side} {quantity} {symbol}", "at {price}", "filled {filled_quantity}")
_ORDER_RU = ("{side} {quantity} {symbol}", "по {price}", "исполнено {filled_quantity}")
_FILL_EN = ("{side} {quantity} {symbol}", "at {average_price}", "fee {fee} {fee_currency}")
_FILL_RU = ("{side} {quantity} {symbol}", "по {average_price}", "комиссия {fee} {fee_currency}")

CATALOGUE: Mapping[str, Mapping[EventType, Parts]] = {
    "en": {
        EventType.BOT_CREATED: (
            "Bot created",
            "{bot}",
            "{strategy} on {symbol}",
            "{exchange}",
            "{mode}",
        ),
        EventType.BOT_STARTED: ("Bot started", "{bot}", "{strategy} on {symbol}"),
        EventType.BOT_STOPPED: ("Bot stopped", "{bot}", "{strategy} on {symbol}", "{reason}"),
        EventType.BOT_ERROR: ("Bot in trouble", "{bot}", "{strategy} on {symbol}", "{reason}"),
        EventType.ORDER_PLACED: ("Order placed", *_ORDER_EN[:2]),
        EventType.ORDER_FILLED: ("Order filled", *_FILL_EN, "profit {profit}"),
        EventType.ORDER_CANCELLED: ("Order cancelled", *_ORDER_EN, "{reason}"),
        EventType.EXCHANGE_ERROR: ("The exchange refused", *_ORDER_EN[:2], "{reason}"),
        EventType.TARGET_REACHED: (
            "Target reached",
            "{bot}",
            "{symbol}",
            "profit {profit}",
            "{reason}",
        ),
        EventType.DEAL_CLOSED: ("Deal closed", "{bot}", "{symbol}", "profit {profit}", "{reason}"),
        EventType.ACCOUNT_WARNING: ("Look at your account", "{account}", "{exchange}", "{reason}"),
        EventType.DAILY_SUMMARY: ("Your day", "{fills} fills", "profit {profit}"),
    },
    "ru": {
        EventType.BOT_CREATED: (
            "Бот создан",
            "{bot}",
            "{strategy}, {symbol}",
            "{exchange}",
            "{mode}",
        ),
        EventType.BOT_STARTED: ("Бот запущен", "{bot}", "{strategy}, {symbol}"),
        EventType.BOT_STOPPED: ("Бот остановлен", "{bot}", "{strategy}, {symbol}", "{reason}"),
        EventType.BOT_ERROR: ("Ошибка бота", "{bot}", "{strategy}, {symbol}", "{reason}"),
        EventType.ORDER_PLACED: ("Ордер размещён", *_ORDER_RU[:2]),
        EventType.ORDER_FILLED: ("Ордер исполнен", *_FILL_RU, "прибыль {profit}"),
        EventType.ORDER_CANCELLED: ("Ордер отменён", *_ORDER_RU, "{reason}"),
        EventType.EXCHANGE_ERROR: ("Биржа отказала", *_ORDER_RU[:2], "{reason}"),
        EventType.TARGET_REACHED: (
            "Цель достигнута",
            "{bot}",
            "{symbol}",
            "прибыль {profit}",
            "{reason}",
        ),
        EventType.DEAL_CLOSED: (
            "Сделка закрыта",
            "{bot}",
            "{symbol}",
            "прибыль {profit}",
            "{reason}",
        ),
        EventType.ACCOUNT_WARNING: ("Проверьте счёт", "{account}", "{exchange}", "{reason}"),
        EventType.DAILY_SUMMARY: ("Итоги дня", "сделок: {fills}", "прибыль {profit}"),
    },
}

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {},
    "ru": {
        "buy": "покупка",
        "sell": "продажа",
        "paper": "учебный счёт",
        "testnet": "тестовая сеть",
        "live": "настоящие деньги",
        "grid": "сетка",
    },
}


def text(event_type: str, data: Mapping[str, Any], language: str) -> str:
    """One line for a person. Facts that are missing are left out, too long ones are cut.

    The recorder's own sentence stands in for a reason, and for everything when there is nothing.
    """
    title, *parts = CATALOGUE[language][EventType(event_type)]
    facts = {name: shown for name, value in data.items() if (shown := _shown(value, language))}
    sentence = facts.get("message", "")
    if "reason" not in data and sentence:
        facts["reason"] = sentence
    said = [part.format_map(facts) for part in parts if _names(part) <= facts.keys()]
    rest = ", ".join(said) or sentence
    return f"{title}: {rest}" if rest else title


def _names(part: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(part) if name}


def _shown(value: object, language: str) -> str:
    """Empty for what no line can say: the absent and the nested."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    # One line, whatever letters a name holds: a message must not forge another.
    line = "".join(letter if letter.isprintable() else " " for letter in str(value)).strip()
    line = WORDS[language].get(line, line)
    return line if len(line) <= VALUE_CHARACTERS_MAX else f"{line[:VALUE_CHARACTERS_MAX]}…"
