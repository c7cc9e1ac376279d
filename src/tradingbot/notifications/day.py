"""A day's trade added up: profit by currency and bot, fees, and how it grew."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tradingbot.notifications.daily_repository import Trade
from tradingbot.trading.money import plain
from tradingbot.trading.position import Position, after

DAY = timedelta(days=1)
SHORT_DAYS, LONG_DAYS = 7, 30
MAIN = "USDT"
ZERO = Decimal(0)


class Day:
    """What happened in the 24 hours that end at `end`, out of all `trades` before it."""

    def __init__(self, trades: Sequence[Trade], end: datetime) -> None:
        self.fills = 0
        self.profits: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.fees: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.by_bot: defaultdict[tuple[int, str], Decimal] = defaultdict(Decimal)
        self._gains: list[tuple[datetime, str, Decimal]] = []
        self._end = end
        positions: defaultdict[tuple[int, str], Position] = defaultdict(Position)
        for trade in trades:
            self._count(trade, positions)
        currencies = Counter(currency for _, currency, _ in self._gains)
        self.currency = max(currencies, key=lambda name: currencies[name], default=MAIN)

    def _count(self, trade: Trade, positions: defaultdict[tuple[int, str], Position]) -> None:
        base, _, quote = trade.symbol.partition("/")
        key = (trade.bot_id, trade.symbol)
        before = positions[key]
        positions[key] = now = after(before, trade.fill, base, quote)
        gain = now.realised - before.realised
        self._gains.append((trade.traded_at, quote, gain))
        if trade.traded_at < self._end - DAY:
            return
        self.fills += 1
        self.profits[quote] += gain
        self.fees[trade.fill.fee_currency] += trade.fill.fee
        self.by_bot[trade.bot_id, quote] += gain

    def curve(self) -> list[list[str]]:
        """Profit in the main currency since the curve's first day, at the end of each."""
        if not self._gains:
            return []
        is_young = self._gains[0][0] > self._end - SHORT_DAYS * DAY
        days = SHORT_DAYS if is_young else LONG_DAYS
        ends = [self._end - (days - number) * DAY for number in range(days + 1)]
        points, total, gains = [], ZERO, iter(self._gains)
        waiting = next(gains, None)
        for end in ends:
            while waiting is not None and waiting[0] < end:
                counts = waiting[1] == self.currency and waiting[0] >= ends[0]
                total += waiting[2] if counts else ZERO
                waiting = next(gains, None)
            points.append([f"{end:%d.%m.}", plain(total)])
        return points


def facts(day: Day, names: Mapping[int, str], open_orders: int) -> dict[str, Any]:
    """The data of the event."""
    others = {name: sum_ for name, sum_ in day.profits.items() if name != day.currency}
    fees = {name: sum_ for name, sum_ in day.fees.items() if sum_}
    data: dict[str, Any] = {
        "fills": day.fills,
        "profit": plain(day.profits[day.currency]),
        "profit_currency": day.currency,
        "open_orders": open_orders,
        "curve": day.curve(),
    }
    if others:
        data["more_profit"] = _sums(others)
    if fees:
        data["fees_paid"] = _sums(fees)
    ranked = sorted(day.by_bot.items(), key=lambda each: each[1])
    of_one = [each for each in ranked if each[0][1] == day.currency]
    if len(of_one) > 1:
        (worst, _), lost = of_one[0]
        (best, _), won = of_one[-1]
        data["best_bot"], data["best_profit"] = names.get(best, str(best)), plain(won)
        data["worst_bot"], data["worst_profit"] = names.get(worst, str(worst)), plain(lost)
    return data


def _sums(sums: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{plain(sum_)} {currency}" for currency, sum_ in sorted(sums.items()))
