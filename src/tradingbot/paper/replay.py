"""Recorded candles played again as trades, as fast as wanted."""

import asyncio
import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]  # because it has no stubs
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # because it has no stubs

from tradingbot.paper.candles import MINUTE, Candle, History
from tradingbot.paper.hall import Hall
from tradingbot.paper.markets import market
from tradingbot.paper.options import OptionRefused, PaperOptions
from tradingbot.paper.synthetic import COINS, MARKETS
from tradingbot.paper.venue import Venue
from tradingbot.trading.money import floor_to

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
PLACES_MAX = 6


class ReplayFeed:
    def __init__(
        self, options: PaperOptions, file: str, position: Mapping[str, Any] | None
    ) -> None:
        path = Path(file).expanduser()
        self._options = options
        self._columns = _load(path)
        symbol = options.replay_symbol or _symbol_of(path)
        self._times = [int(at) for at in self._columns["timestamp"]]
        if len(self._times) < 2:
            raise OptionRefused(f"feed: {path} holds fewer than two candles")
        steps = [later - at for at, later in zip(self._times, self._times[1:], strict=False)]
        if min(steps) <= 0:
            raise OptionRefused(f"feed: {path} is not in the order of time")
        self._length = min(steps)
        self._market = market(symbol, options, _places(self._columns["close"]))
        self._next = (
            int(position["candle"])
            if position
            else min(options.replay_warmup, len(self._times) - 1)
        )
        self._started = bool(position and position["started"])

    @property
    def finished(self) -> bool:
        return self._next >= len(self._times)

    def halls(self) -> dict[str, Hall]:
        begin = self._next
        candle = self._candle(min(begin, len(self._times) - 1))
        price = candle.close if self.finished else candle.open
        hall = Hall(self._market, price, candle.opened, lambda: self._history(begin))
        return {**self._third_coin(candle.opened), self._market.symbol: hall}

    def _third_coin(self, at: int) -> dict[str, Hall]:
        """A coin that pays fees has a price: here one that stands still."""
        coin = self._options.fees.third_coin
        symbol = f"{coin}/{self._market.quote}"
        if coin not in COINS or symbol not in MARKETS:
            return {}
        rules = market(symbol, self._options)
        return {symbol: Hall(rules, rules.price(Decimal(COINS[coin].start)), at, tuple)}

    def position(self) -> dict[str, Any]:
        return {
            "feed": self._options.feed,
            "started": self._started,
            "candle": self._next,
            "candles": len(self._times),
        }

    async def run(self, venue: Venue) -> None:
        if self._options.start_on_first_order and not self._started:
            await venue.first_order.wait()
        self._started = True
        start, first = perf_counter(), self._next
        for index in range(first, len(self._times)):
            self._next = index
            candle = self._candle(index)
            for quarter, price in enumerate(_path(candle)):
                if self._options.speed > 0:
                    played = (index - first + quarter / 4) * self._length / 1000
                    await _until(start + played / self._options.speed)
                await self._print(venue, candle, quarter, price)
            self._next = index + 1
            venue.flush(self.position())
            await asyncio.sleep(0)

    async def _print(self, venue: Venue, candle: Candle, quarter: int, price: Decimal) -> None:
        quantity = max(self._market.step_size, floor_to(self._market.step_size, candle.volume / 4))
        fills, asked = venue.fills, venue.orders_asked
        venue.print(
            self._market.symbol,
            price,
            quantity,
            candle.opened + quarter * self._length // 4,
            buyer_is_maker=price < candle.open,
        )
        filled = venue.fills - fills
        if filled and self._options.speed == 0:
            venue.flush(self.position())
            # Years in seconds would outrun any trader: give an answer to each fill its chance.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.settle_seconds):
                    await venue.wait_for_orders(asked + filled)

    def _candle(self, index: int) -> Candle:
        tick = self._market.tick_size
        prices = [
            max(tick, Decimal(str(self._columns[name][index])).quantize(tick))
            for name in ("open", "high", "low", "close")
        ]
        volume = floor_to(self._market.step_size, Decimal(str(self._columns["volume"][index])))
        opening, high, low, close = prices
        return Candle(self._times[index], opening, high, low, close, volume, volume * close)

    def _history(self, end: int) -> History:
        return [(max(self._length, MINUTE), [self._candle(index) for index in range(end)])]


def _path(candle: Candle) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """A rising candle is taken to have dipped first, a falling one to have peaked first."""
    if candle.close >= candle.open:
        return candle.open, candle.low, candle.high, candle.close
    return candle.open, candle.high, candle.low, candle.close


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - perf_counter()))


def _load(path: Path) -> dict[str, Sequence[Any]]:
    if not path.is_file():
        raise OptionRefused(f"feed: there is no file {path}")
    try:
        columns = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    except (pa.ArrowException, OSError, ValueError, InvalidOperation, csv.Error) as odd:
        reason = str(odd).splitlines()[0] if str(odd) else type(odd).__name__
        raise OptionRefused(f"feed: {path} cannot be read as candles: {reason}") from odd
    return columns


def _read_parquet(path: Path) -> dict[str, Sequence[Any]]:
    table = pq.read_table(path)
    _require(table.column_names)
    columns = {name: table.column(name).to_pylist() for name in COLUMNS}
    if any(not isinstance(at, int) for at in columns["timestamp"][:1]):
        raise ValueError("timestamp must be in milliseconds")
    if any(value is None or value != value for name in COLUMNS for value in columns[name]):  # noqa: PLR0124  # because NaN is the one value unlike itself
        raise ValueError("a value is missing")
    return columns


def _read_csv(path: Path) -> dict[str, Sequence[Any]]:
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        _require(reader.fieldnames or ())
        rows = list(reader)
    columns: dict[str, Sequence[Any]] = {"timestamp": [int(row["timestamp"]) for row in rows]}
    for name in COLUMNS[1:]:
        columns[name] = [Decimal(row[name]) for row in rows]
    return columns


def _require(names: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ValueError(f"no column {missing[0]}")


def _symbol_of(path: Path) -> str:
    base, _, quote = path.stem.split("-")[0].partition("_")
    if not (base.isalnum() and quote.isalnum()):
        raise OptionRefused(f"feed: {path.name} does not name its market: BTC_USDT-1h.parquet does")
    return f"{base}/{quote}".upper()


def _places(prices: Sequence[Any]) -> int:
    longest = max(len(str(price).partition(".")[2]) for price in prices[:1_000])
    return min(PLACES_MAX, longest)
