"""Prices out of a seed: calm hours and wild ones, several markets that move together."""

import asyncio
import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from time import perf_counter
from typing import Any

from tradingbot.paper.candles import DAY, HOUR, MINUTE, Candle, History
from tradingbot.paper.hall import Hall
from tradingbot.paper.markets import market
from tradingbot.paper.options import OptionRefused, PaperOptions
from tradingbot.paper.venue import Venue
from tradingbot.trading.market import Market

BEAT = 0.05  # seconds between steps of the price process
YEAR = 365 * 86_400.0  # seconds
# How strongly volatility returns to normal, per second, and how strongly it strays.
CALMING = 1 / 1_800
STRAYING = 0.03
# The pull back to where a price began: a demo of weeks stays in a familiar range.
HOMESICKNESS = 1 / (5 * 86_400)
TOGETHER = 0.7  # share of a move that all coins have in common
STEP_MAX = 0.05  # the widest move of one step
# Past candles: length in ms and how many, newest first; each longer one continues further back.
PAST = (
    (MINUTE, 3_000),
    (5 * MINUTE, 600),
    (15 * MINUTE, 720),
    (30 * MINUTE, 540),
    (HOUR, 480),
    (2 * HOUR, 490),
    (4 * HOUR, 500),
    (12 * HOUR, 670),
    (DAY, 500),
)


@dataclass(frozen=True, slots=True)
class Coin:
    start: float  # USDT
    volatility: float  # of a year


COINS = {
    "BTC": Coin(60_000, 0.6),
    "ETH": Coin(3_000, 0.8),
    "BNB": Coin(600, 0.7),
    "SOL": Coin(150, 1.1),
    "FIL": Coin(4.2, 1.2),
}
MARKETS = ("BTC/USDT", "ETH/USDT", "BNB/USDT", "SOL/USDT", "FIL/USDT", "ETH/BTC")


def chance(*seed: object) -> random.Random:
    return random.Random(":".join(map(str, seed)))  # noqa: S311  # because a market must be repeatable, not secret


class SyntheticFeed:
    finished = False

    def __init__(self, options: PaperOptions, now: int, known: Mapping[str, Any] | None) -> None:
        if options.speed <= 0:
            raise OptionRefused("speed: the synthetic market needs a speed above 0")
        self._options = options
        self._steps = int(known["steps"]) if known else 0
        self._at = float(known["at"]) if known else float(now)
        if options.speed == 1:
            self._at = max(self._at, float(now))
        self._logs = {
            name: float(known["logs"][name]) if known else math.log(coin.start)
            for name, coin in COINS.items()
        }
        self._wildness = float(known["wildness"]) if known else 0.0
        self._chance = chance(options.seed, self._steps)

    def halls(self) -> dict[str, Hall]:
        halls = {}
        for symbol in MARKETS:
            rules = market(symbol, self._options)
            price = self._price(rules)
            halls[symbol] = Hall(rules, price, int(self._at), self._past(rules, price))
        return halls

    def position(self) -> dict[str, Any]:
        return {
            "feed": "synthetic",
            "steps": self._steps,
            "at": int(self._at),
            "logs": self._logs,
            "wildness": self._wildness,
        }

    async def run(self, venue: Venue) -> None:
        halls = list(venue.halls.values())
        due = perf_counter()
        while True:
            due = max(due + BEAT, perf_counter())
            await asyncio.sleep(due - perf_counter())
            self._step(BEAT * self._options.speed)
            for hall in halls:
                if self._chance.random() < self._options.prints_per_second * BEAT:
                    self._print(venue, hall.market)
            venue.flush(self.position())

    def _step(self, seconds: float) -> None:
        self._steps += 1
        self._at += seconds * 1000
        gauss = self._chance.gauss
        root = math.sqrt(seconds)
        decay = math.exp(-CALMING * seconds)
        self._wildness = self._wildness * decay + STRAYING * gauss(0, 1) * min(root, 10)
        wild = math.exp(max(-1.5, min(2.0, self._wildness)))
        shared = gauss(0, 1)
        for name, coin in COINS.items():
            own = gauss(0, 1)
            noise = math.sqrt(TOGETHER) * shared + math.sqrt(1 - TOGETHER) * own
            move = coin.volatility / math.sqrt(YEAR) * wild * noise * root
            home = (math.log(coin.start) - self._logs[name]) * (
                1 - math.exp(-HOMESICKNESS * seconds)
            )
            self._logs[name] += max(-STEP_MAX, min(STEP_MAX, move)) + home

    def _print(self, venue: Venue, rules: Market) -> None:
        sold = self._chance.random() < 0.5
        price = self._price(rules) + (-rules.tick_size if sold else rules.tick_size)
        value = float(rules.notional_min) * 40 * self._chance.lognormvariate(0, 1.2)
        quantity = max(rules.step_size, _multiple(rules.step_size, value / max(float(price), 1e-9)))
        venue.print(
            rules.symbol,
            max(price, rules.tick_size),
            quantity,
            int(self._at),
            buyer_is_maker=sold,
        )

    def _price(self, rules: Market) -> Decimal:
        level = math.exp(self._logs[rules.base])
        if rules.quote in self._logs:
            level /= math.exp(self._logs[rules.quote])
        return max(rules.tick_size, _multiple(rules.tick_size, level))

    def _past(self, rules: Market, price: Decimal) -> Callable[[], History]:
        end, seed = int(self._at), self._options.seed
        return lambda: past(rules, price, end, chance(seed, rules.symbol, end))


def past(rules: Market, price: Decimal, end: int, rng: random.Random) -> History:
    """Candles that lead up to `price`: walked backwards, so that the last one meets it."""
    volatility = COINS[rules.base].volatility / math.sqrt(YEAR)
    level, wildness = float(price), 0.0
    segments: list[tuple[int, list[Candle]]] = []
    for index, (length, count) in enumerate(PAST):
        longer = PAST[index + 1][0] if index + 1 < len(PAST) else length
        begin = (end - length * count) // longer * longer
        spread = volatility * math.sqrt(length / 1000)
        candles: list[Candle] = []
        opened = (end - 1) // length * length
        while opened >= begin:
            wildness = 0.97 * wildness + 0.15 * rng.gauss(0, 1)
            size = spread * math.exp(wildness)
            close, level = level, level * math.exp(rng.gauss(0, size))
            candles.append(_past_candle(rules, opened, (level, close), size, rng))
            opened -= length
        candles.reverse()
        segments.append((length, candles))
        end = begin
    segments.reverse()
    return segments


def _past_candle(
    rules: Market, opened: int, prices: tuple[float, float], size: float, rng: random.Random
) -> Candle:
    tick = rules.tick_size
    high = max(prices) * math.exp(abs(rng.gauss(0, size / 2)))
    low = min(prices) * math.exp(-abs(rng.gauss(0, size / 2)))
    opening, close, top, bottom = (
        max(tick, _multiple(tick, value)) for value in (*prices, high, low)
    )
    value = float(rules.notional_min) * 9_000 * rng.lognormvariate(0, 0.8)
    volume = _multiple(rules.step_size, value / prices[1])
    return Candle(opened, opening, top, bottom, close, volume, volume * close, 240)


def _multiple(step: Decimal, value: float) -> Decimal:
    return round(value / float(step)) * step
