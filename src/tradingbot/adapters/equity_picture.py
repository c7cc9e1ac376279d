"""A small picture of how profit grew, to be read on white and on black."""

import io
from collections.abc import Sequence
from decimal import Decimal

from PIL import Image, ImageDraw, ImageFont

# Drawn twice as large as shown, for sharp screens.
WIDTH, HEIGHT, SCALE = 480, 160, 2
LEFT, RIGHT, TOP, BOTTOM = 6, 96, 14, 30
GOOD, BAD, GREY = (22, 163, 74), (220, 68, 68), (134, 144, 158)


def picture(days: Sequence[str], values: Sequence[Decimal], label: str) -> bytes:
    """A PNG; the last value says its colour, and `label` is how it is written.

    `days` and `values` go together, two at least.
    """
    image = Image.new("RGBA", (WIDTH * SCALE, HEIGHT * SCALE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=15 * SCALE)
    low, high = min(*values, Decimal(0)), max(*values, Decimal(0))
    span = float(high - low) or 1.0
    colour = BAD if values[-1] < 0 else GOOD

    def x_of(number: int) -> float:
        return (LEFT + number * (WIDTH - LEFT - RIGHT) / (len(values) - 1)) * SCALE

    def y_of(value: Decimal) -> float:
        share = float(value - low) / span
        return (HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)) * SCALE

    points = [(x_of(number), y_of(value)) for number, value in enumerate(values)]
    zero = y_of(Decimal(0))
    draw.polygon([(points[0][0], zero), *points, (points[-1][0], zero)], fill=(*colour, 46))
    draw.line([(x_of(0), zero), (x_of(len(values) - 1), zero)], fill=(*GREY, 150), width=SCALE)
    draw.line(points, fill=colour, width=3 * SCALE, joint="curve")
    x, y = points[-1]
    radius = 4 * SCALE
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    draw.text((x + 9 * SCALE, y), label, fill=colour, font=font, anchor="lm")
    bottom = (HEIGHT - 6) * SCALE
    draw.text((LEFT * SCALE, bottom), days[0], fill=GREY, font=font, anchor="ls")
    draw.text((x_of(len(values) - 1), bottom), days[-1], fill=GREY, font=font, anchor="rs")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
