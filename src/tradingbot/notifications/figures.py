"""Figures as people are used to read them, to the last digit."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tradingbot.notifications.wording import Language

# Longer ones are no amounts anybody trades.
DIGITS_MAX = 40
MONEY_PLACES = 2
# What is less than one would vanish in two places.
GAIN_PLACES = 6


def number(value: object) -> Decimal | None:
    """None for what is no finite number, and for what would fill a page."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    if len(str(value)) > DIGITS_MAX:
        return None
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return None
    return exact if exact.is_finite() and abs(exact.adjusted()) <= DIGITS_MAX else None


def figure(value: Decimal, speech: Language, *, money: bool) -> str:
    """Grouped by thousands, without trailing zeros; money keeps at least two places."""
    whole, _, places = format(abs(value), "f").partition(".")
    places = places.rstrip("0")
    if money and (places or abs(value) >= 1):
        places = places.ljust(MONEY_PLACES, "0")
    grouped = f"{int(whole):,}".replace(",", speech.thousands)
    sign = "-" if value < 0 else ""
    return f"{sign}{grouped}{speech.point}{places}" if places else f"{sign}{grouped}"


def gain(value: Decimal, speech: Language) -> str:
    """Money earned or lost, as short as a picture needs it."""
    places = GAIN_PLACES if abs(value) < 1 else MONEY_PLACES
    short = round(value, places)
    return f"{'+' if short > 0 else ''}{figure(short, speech, money=True)}"


def count(value: int, speech: Language) -> str:
    return figure(Decimal(value), speech, money=False)


def sums(line: str, speech: Language) -> str:
    """Amounts of money with their currencies, as in `0.1 BTC, 1200 USDT`; the rest as it is."""
    return ", ".join(_sum(part, speech) for part in line.split(", "))


def _sum(part: str, speech: Language) -> str:
    digits, space, currency = part.partition(" ")
    exact = number(digits)
    return part if exact is None else f"{figure(exact, speech, money=True)}{space}{currency}"


def amount_of(data: Mapping[str, Any]) -> Decimal | None:
    """What an order is worth in the quote currency, when its data say so."""
    given = number(data.get("amount"))
    if given is not None:
        return given
    price = number(data.get("average_price")) or number(data.get("price"))
    quantity = number(data.get("filled_quantity")) or number(data.get("quantity"))
    if price is None or quantity is None:
        return None
    # Eight places say more than enough; the exact product may have thirty.
    return round(price * quantity, 8)
