"""Decimals rounded to what a market accepts."""

from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

ZERO = Decimal(0)
# Set where money is reckoned: a library may leave another rounding behind in the thread (ccxt's
# decimal_to_precision does), and the same fills must come to the same profit in every process.
EXACT = Context(prec=28, rounding=ROUND_HALF_EVEN)
# Set where money changes hands, which takes sums and products only: whatever it comes to is kept to
# the last digit, and what would have to be rounded raises Inexact.
UNROUNDED = Context(prec=200, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])


def floor_to(step: Decimal, value: Decimal) -> Decimal:
    """The greatest multiple of `step` not above `value`."""
    return _round(step, value, ROUND_FLOOR)


def ceil_to(step: Decimal, value: Decimal) -> Decimal:
    """The least multiple of `step` not below `value`."""
    return _round(step, value, ROUND_CEILING)


def nearest(step: Decimal, value: Decimal) -> Decimal:
    """The multiple of `step` closest to `value`; the even one of two equally close."""
    return _round(step, value, ROUND_HALF_EVEN)


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """To 28 digits, the same whatever the thread's own rounding is."""
    return EXACT.divide(dividend, divisor)


def plain(value: Decimal) -> str:
    """A decimal as people and exchanges write it: no exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def spoken(value: Decimal) -> str:
    """A decimal for a sentence: thousands apart, at most eight places, no trailing zeros."""
    text = f"{value:,.8f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _round(step: Decimal, value: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding) * step
