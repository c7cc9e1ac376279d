"""What bots earned, from their fills and nothing else."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tradingbot.bots import codec, repository
from tradingbot.bots.ledger import holdings_of
from tradingbot.bots.parameters import AnyStrategy
from tradingbot.bots.repository import Bot, Tally, TradeKey
from tradingbot.bots.schemas import PerformanceView, StatsView
from tradingbot.kit.database import Connection
from tradingbot.trading.money import plain
from tradingbot.trading.position import Fill, Position, after

KNOWN_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Entry:
    tally: Tally
    last: TradeKey
    position: Position


class Books:
    """Positions by bot and market, brought up to date with the fills since the last look.

    A count that does not add up, or a fill from before the last one, and the sum is made anew: it
    is always that of all fills in the order they were traded.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[int, str], _Entry] = OrderedDict()

    async def positions(
        self, connection: Connection, user_id: int, bot_id: int | None = None
    ) -> Mapping[Tally, Position]:
        """Of one bot or all of the user's, one for each market it traded on."""
        tallies = await repository.tallies(connection, user_id, bot_id)
        return {tally: await self._position(connection, tally) for tally in tallies}

    async def _position(self, connection: Connection, tally: Tally) -> Position:
        key = (tally.bot_id, tally.symbol)
        entry = self._entries.get(key)
        if entry is None or entry.tally != tally:
            entry = await self._continued(connection, entry, tally)
            self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > KNOWN_MAX:
            self._entries.popitem(last=False)
        return entry.position

    async def _continued(
        self, connection: Connection, entry: _Entry | None, tally: Tally
    ) -> _Entry:
        if entry is not None:
            fills = await repository.fills_between(connection, tally, entry.tally.last_id)
            adds_up = entry.tally.count + len(fills) == tally.count
            if adds_up and fills and fills[0][0] > entry.last:
                return _entry(tally, entry.position, fills)
        fills = await repository.fills_between(connection, tally, after_id=0)
        # One may have been committed late, with a smaller id, since they were counted.
        return _entry(replace(tally, count=len(fills)), Position(), fills)


def _entry(tally: Tally, position: Position, fills: Sequence[tuple[TradeKey, Fill]]) -> _Entry:
    base, _, quote = tally.symbol.partition("/")
    for _, fill in fills:
        position = after(position, fill, base, quote)
    return _Entry(tally, fills[-1][0], position)


async def performance(
    connection: Connection,
    books: Books,
    user_id: int,
    bot: Bot,
    price: Decimal | None,
    strategy: AnyStrategy | None,
) -> PerformanceView:
    """`price` is the present one, None when it is not known."""
    positions = await books.positions(connection, user_id, bot.id)
    own = next((each for each in positions.items() if each[0].symbol == bot.symbol), None)
    tally, position = own or (Tally(bot.id, bot.symbol, 0, 0), Position())
    base, _, quote = bot.symbol.partition("/")
    return PerformanceView(
        bot_id=bot.id,
        symbol=bot.symbol,
        base=base,
        quote=quote,
        holdings=await holdings_of(connection, bot.account_id, bot.id),
        holding=plain(position.holding),
        average_price=_plain(position.average_price),
        price=_plain(price),
        value=None if price is None else plain(position.value(price)),
        realised=plain(position.realised),
        unrealised=None if price is None else plain(position.unrealised(price)),
        fees={currency: plain(fee) for currency, fee in position.fees.items()},
        fills=tally.count,
        orders_open=await repository.live_orders(connection, bot.id),
        completed=await repository.sales_filled(connection, bot.id),
        strategy=await _results(connection, strategy, bot.id),
    )


async def _results(
    connection: Connection, strategy: AnyStrategy | None, bot_id: int
) -> dict[str, str]:
    state = await repository.state_of(connection, bot_id)
    if strategy is None or state is None:
        return {}
    results = strategy.results(codec.load(strategy.state_type, state))
    return {name: plain(value) for name, value in results.items()}


async def stats(connection: Connection, books: Books, user_id: int) -> StatsView:
    realised: defaultdict[str, Decimal] = defaultdict(Decimal)
    fees: defaultdict[str, Decimal] = defaultdict(Decimal)
    positions = await books.positions(connection, user_id)
    for tally, position in positions.items():
        realised[tally.symbol.partition("/")[2]] += position.realised
        for currency, fee in position.fees.items():
            fees[currency] += fee
    orders, orders_open = await repository.count_orders(connection, user_id)
    return StatsView(
        bots=await repository.by_status(connection, user_id),
        orders_open=orders_open,
        orders=orders,
        fills=sum(tally.count for tally in positions),
        realised={currency: plain(profit) for currency, profit in realised.items()},
        fees={currency: plain(fee) for currency, fee in fees.items()},
    )


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
