"""Our words in a chat, in its language; what comes from elsewhere is escaped on its way in."""

from collections.abc import Mapping
from decimal import Decimal

from tradingbot.notifications.reasons import said_in
from tradingbot.telegram.english import ENGLISH
from tradingbot.telegram.markup import escape
from tradingbot.telegram.russian import RUSSIAN
from tradingbot.trading.money import spoken

CATALOGUES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "ru": RUSSIAN}


class Words:
    def __init__(self, language: str) -> None:
        self.language = language if language in CATALOGUES else "en"
        self._catalogue = CATALOGUES[self.language]

    def say(self, key: str, **facts: object) -> str:
        """A sentence in Telegram's HTML."""
        return self._catalogue[key].format_map(
            {name: escape(value) for name, value in facts.items()}
        )

    def reason(self, sentence: str) -> str:
        """Why something is so, as whoever noticed says it in English."""
        return said_in(self.language, sentence)

    def label(self, key: str, **facts: object) -> str:
        """What stands on a button, where nothing is markup."""
        return self._catalogue[key].format_map(facts)

    def word(self, group: str, value: str) -> str:
        """Our word for one of a fixed set, such as a status; the value itself when it is new."""
        return self._catalogue.get(f"{group}.{value}", escape(value))


def amount(digits: str | None) -> str:
    """Thousands apart, no trailing zeros; a dash for what is not known."""
    return "–" if digits is None else spoken(Decimal(digits))


def signed(digits: str | None) -> str:
    shown = amount(digits)
    return shown if digits is None or shown.startswith("-") or shown == "0" else f"+{shown}"
