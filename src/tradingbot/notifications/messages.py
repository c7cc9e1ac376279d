"""What a person reads: a title, labelled facts, what to do, and all of it in one line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from string import Formatter
from typing import Any

from tradingbot.events.schemas import EventType
from tradingbot.notifications.english import ENGLISH
from tradingbot.notifications.figures import amount_of, count, figure, number, sums
from tradingbot.notifications.reasons import said_in
from tradingbot.notifications.russian import RUSSIAN
from tradingbot.notifications.wording import Entry, Language, Line

VALUE_CHARACTERS_MAX = 200
TEST = "test"
DIGEST = "digest"
URGENT = frozenset({EventType.BOT_ERROR, EventType.ACCOUNT_WARNING, EventType.EXCHANGE_ERROR})
# A digest counts everything, and says in full so many of what is urgent.
URGENT_SHOWN = 3

LANGUAGES: Mapping[str, Language] = {"en": ENGLISH, "ru": RUSSIAN}
# Their digits are grouped as the reader is used to.
FIGURES = frozenset(
    {"quantity", "filled_quantity", "price", "average_price", "amount", "fee", "fees", "profit"}
    | {"best_profit", "worst_profit"}
)
MONEY = frozenset(
    {"price", "average_price", "amount", "profit", "fees", "best_profit", "worst_profit"}
)
COUNTS = frozenset({"fills", "open_orders"})
# Amounts of several currencies in one line.
SUMS = frozenset({"more_profit", "fees_paid"})
# Whole sentences of whoever noticed.
SENTENCES = frozenset({"reason", "message"})


@dataclass(frozen=True, slots=True)
class Telling:
    """Plain text, one line each; nothing in it is markup."""

    title: str
    facts: tuple[tuple[str, str], ...]
    advice: str
    text: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One of the many things a digest tells of."""

    event_type: str
    data: Mapping[str, Any]
    at: datetime


def tell(event_type: str, data: Mapping[str, Any], language: str) -> Telling:
    """Facts that are missing are left out, too long ones are cut.

    The recorder's own sentence stands in for a reason, and for everything when there is nothing.
    """
    speech = LANGUAGES[language]
    entry = speech.test if event_type == TEST else speech.entries[EventType(event_type)]
    known = _known(data, language)
    lines = [line for first in entry.lines if (line := _known_line(first, known)) is not None]
    said = [(line, line.template.format_map(known)) for line in lines]
    if not said and known.get("message"):
        said = [(Line("", "", bare=True), known["message"])]
    return Telling(
        title=entry.title,
        facts=tuple((line.label or entry.title, value.strip()) for line, value in said),
        advice=entry.advice,
        text=_one_line(entry, said),
    )


def digest(told: Sequence[Happened], language: str, zone: tzinfo) -> Telling:
    """Many things at once: how many of each kind, profit by currency, the urgent ones in words."""
    speech = LANGUAGES[language]
    counts = Counter(EventType(one.event_type) for one in told)
    if len(counts) == 1:
        title = f"{speech.counts[EventType(told[0].event_type)]}: {count(len(told), speech)}"
        facts = []
    else:
        title = speech.digest_title.format(count=count(len(told), speech))
        facts = [(speech.counts[kind], count(many, speech)) for kind, many in counts.most_common()]
    facts += [
        (speech.profit, f"{figure(total, speech, money=True)} {currency}".strip())
        for currency, total in sorted(_profits(told).items())
    ]
    urgent = [one for one in told if one.event_type in URGENT]
    facts += [
        (speech.latest, tell(one.event_type, one.data, language).text)
        for one in urgent[-URGENT_SHOWN:]
    ]
    facts.append((speech.period, _period([one.at for one in told], zone)))
    advice = speech.entries[EventType(urgent[-1].event_type)].advice if urgent else ""
    line = ", ".join(f"{label} {value}" for label, value in facts)
    return Telling(title, tuple(facts), advice, f"{title}: {line}")


def shortened(value: str) -> str:
    """One line of bearable length, whatever letters a name holds: it must not forge another."""
    return _cut(_line(value))


def _line(value: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in value)
    return " ".join(line.split())


def _cut(line: str) -> str:
    return line if len(line) <= VALUE_CHARACTERS_MAX else f"{line[:VALUE_CHARACTERS_MAX]}…"


def _known(data: Mapping[str, Any], language: str) -> dict[str, str]:
    speech = LANGUAGES[language]
    known = {name: _shown(name, value, language) for name, value in data.items()}
    known = {name: shown for name, shown in known.items() if shown}
    if "reason" not in data and known.get("message"):
        known["reason"] = known["message"]
    base, _, quote = known.get("symbol", "").partition("/")
    total = amount_of(data)
    if total is not None:
        known["amount"] = figure(total, speech, money=True)
    return {"base": base, "quote": quote, "profit_currency": quote} | known


def _shown(name: str, value: object, language: str) -> str:
    """Empty for what no line can say: the absent and the nested."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    if name in FIGURES | COUNTS and (exact := number(value)) is not None:
        return figure(exact, LANGUAGES[language], money=name in MONEY)
    line = _line(str(value))
    if name in SENTENCES:
        return _cut(said_in(language, line))
    if name in SUMS:
        return _cut(sums(line, LANGUAGES[language]))
    line = _cut(line)
    return LANGUAGES[language].words.get(line, line)


def _known_line(line: Line, known: Mapping[str, str]) -> Line | None:
    """Itself, or what is said instead."""
    if _is_known(line, known):
        return line
    return line.instead and _known_line(line.instead, known)


def _is_known(line: Line, known: Mapping[str, str]) -> bool:
    named = (name for _, name, _, _ in Formatter().parse(line.template) if name)
    return all(name in known for name in named)


def _one_line(entry: Entry, said: Sequence[tuple[Line, str]]) -> str:
    parts = [
        value.strip() if line.bare else f"{line.label.lower()} {value.strip()}"
        for line, value in said
    ]
    return f"{entry.title}: {', '.join(parts)}" if parts else entry.title


def _profits(told: Sequence[Happened]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for one in told:
        profit = number(one.data.get("profit"))
        if profit is not None:
            symbol = str(one.data.get("symbol", ""))
            currency = shortened(str(one.data.get("profit_currency") or symbol.partition("/")[2]))
            sums[currency] = sums.get(currency, Decimal(0)) + profit
    return sums


def _period(moments: Sequence[datetime], zone: tzinfo) -> str:
    first, last = (moment.astimezone(zone) for moment in (min(moments), max(moments)))
    form = "%H:%M" if first.date() == last.date() else "%d.%m. %H:%M"
    start, end = first.strftime(form), last.strftime(form)
    return start if start == end else f"{start} – {end}"
