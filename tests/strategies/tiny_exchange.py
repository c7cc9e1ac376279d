"""An exchange of a few lines: orders in, prices walked through, events out. Pure."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import TypeAdapter

from tradingbot.simulation.fees import fee_on
from tradingbot.strategies.grid import Grid
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_state import GridState
from tradingbot.strategies.step import Step, step
from tradingbot.strategies.strategy import Surroundings
from tradingbot.trading.event import (
    Event,
    OnStop,
    OrderCancelled,
    OrderFilled,
    OrderRefused,
    ParamsChanged,
    PriceCrossed,
    Started,
    StopRequested,
)
from tradingbot.trading.funds import Funds, estimate, needed
from tradingbot.trading.intent import (
    CancelOrder,
    Direction,
    Finish,
    Intent,
    Notify,
    PlaceOrder,
    UnwatchPrice,
    WatchPrice,
)
from tradingbot.trading.market import Market
from tradingbot.trading.money import ZERO, plain
from tradingbot.trading.order import NOTHING, Execution, OrderType, Side
from tradingbot.trading.position import Fill, Position, total
from tradingbot.trading.risk import Limits

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TURNS_MAX = 1_000
STATES = TypeAdapter(GridState)

# Whole eggs, whole coins, no fee: numbers to follow by eye.
EGGS = Market(
    symbol="EGG/COIN",
    base="EGG",
    quote="COIN",
    tick_size=Decimal(1),
    step_size=Decimal(1),
    quantity_min=Decimal(1),
    quantity_max=Decimal(9000),
    notional_min=Decimal(1),
    maker_fee=ZERO,
    taker_fee=ZERO,
)

BTC = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    step_size=Decimal("0.00001"),
    quantity_min=Decimal("0.00001"),
    quantity_max=Decimal(9000),
    notional_min=Decimal(5),
    maker_fee=Decimal("0.001"),
    taker_fee=Decimal("0.001"),
)


@dataclass
class TinyExchange:
    """Runs one grid. Every step goes through `step()` and is checked against the grid's promises.

    `slippage`: how much dearer market buys are than the last price. `fee_currency`: None takes
    fees from what is received.
    """

    params: GridParams
    price: Decimal
    market: Market = BTC
    slippage: Decimal = ZERO
    fee_currency: str | None = None
    grid: Grid = field(default_factory=Grid)
    state: GridState = field(default_factory=GridState)
    book: dict[tuple[str, int], PlaceOrder] = field(default_factory=dict)
    partly: dict[tuple[str, int], Execution] = field(default_factory=dict)
    asked: set[tuple[str, int]] = field(default_factory=set)
    taking: set[tuple[str, int]] = field(default_factory=set)
    watches: dict[str, WatchPrice] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    seen: set[tuple[str, int]] = field(default_factory=set)
    finished: list[Finish] = field(default_factory=list)
    notified: list[Notify] = field(default_factory=list)
    history: list[tuple[GridParams, Event, Step[GridState]]] = field(default_factory=list)
    owned: Funds = field(default_factory=Funds)
    stopped: bool = True

    def __post_init__(self) -> None:
        self.params = self.grid.complete(self.params, self.around)

    @property
    def around(self) -> Surroundings:
        return Surroundings(self.market, self.price, ())

    @property
    def position(self) -> Position:
        return total(self.fills, self.market.base, self.market.quote)

    def tell(self, event: Event) -> tuple[Intent, ...]:
        idle = self.owned.less(self.promised)
        limits = Limits(self.market, self.price, self.grid.order_value_max(self.params), idle)
        calm = not self.book
        taken = step(self.grid, self.params, self.state, event, limits)
        # Only what a market order is worth may have changed unheard.
        for no in taken.refused:
            assert no.intent.type is OrderType.MARKET, no
            assert no.code in {
                "above_order_value_max",
                "below_minimum_notional",
                "insufficient_funds",
            }
        self.state = STATES.validate_json(STATES.dump_json(taken.state))
        assert self.state == taken.state
        self.history.append((self.params, event, taken))
        for intent in taken.approved:
            self._obey(intent)
            self.said.append(intent.reason)
        self._keeps_its_promises()
        if calm:
            self._keep_no_surplus()
        for no in taken.refused:
            self.tell(OrderRefused(NOW, no.intent.slot, no.intent.round, no.code, no.reason))
        return taken.approved

    def _obey(self, intent: Intent) -> None:
        match intent:
            case PlaceOrder():
                key = (intent.slot, intent.round)
                assert key not in self.seen, f"{key} asked for twice"
                self.seen.add(key)
                self.book[key] = intent
                if self._crosses(intent):
                    self.taking.add(key)
            case CancelOrder():
                self.asked.add((intent.slot, intent.round))
            case WatchPrice():
                self.watches[intent.trigger] = intent
            case UnwatchPrice():
                self.watches.pop(intent.trigger, None)
            case Notify():
                self.notified.append(intent)
            case Finish():
                self._rest(intent)

    def _rest(self, finish: Finish) -> None:
        self.finished.append(finish)
        self.stopped = True
        if not self.book:
            self.owned = Funds()

    @property
    def promised(self) -> Funds:
        """What the orders that are out hold back."""
        held = Funds()
        for key, order in self.book.items():
            left = order.quantity - self.part(key)
            held = held.plus(needed(order.side, left, order.price or estimate(self.price)))
        return held

    def _keep_no_surplus(self) -> None:
        """With no order out before, what the grid owns and does not count on goes back."""
        surplus = self.owned.beyond(self.grid.funds(self.params, self.state))
        if not self.stopped:
            self.owned = self.owned.less(surplus.within(self.owned.less(self.promised)))

    def _keeps_its_promises(self) -> None:
        orders = list(self.book.values())
        sells = sum((o.quantity for o in orders if o.side is Side.SELL), ZERO)
        partly_sold = [e for k, e in self.partly.items() if self.book[k].side is Side.SELL]
        gone = sum((e.quantity + e.fee_base for e in partly_sold), ZERO)
        assert sells - gone <= self.position.holding
        lines = [o.price for o in orders if o.price is not None]
        assert len(lines) == len(set(lines)), "two orders on one line"

        self._keeps_its_books()

    def _keeps_its_books(self) -> None:
        """What the grid believes is what the fills it was told of come to, to the last digit."""
        holding, money = self.position.holding, self.position.realised - self.position.cost
        for key, part in self.partly.items():
            if self.book[key].side is Side.BUY:
                holding, money = holding - part.received_base, money + part.cost + part.fee_quote
            else:
                holding += part.quantity + part.fee_base
                money -= part.received_quote
        assert self.state.holding == holding
        # Average costs are divisions: exact to far more places than money has.
        assert abs(self.state.cash - self.state.investment - money) < Decimal("1e-18")

    def shown(self) -> list[str]:
        """The book as a table of text, the highest price first, market orders on top."""
        rows = sorted(self.book.values(), key=lambda o: o.price or Decimal(10**9), reverse=True)
        return [
            f"{'market' if o.price is None else plain(o.price)} {o.side} {plain(o.quantity)}"
            for o in rows
        ]

    # What the world may do

    def start(self) -> tuple[Intent, ...]:
        claims = self.grid.funds(self.params, self.state)
        self.owned = self.owned.plus(claims.beyond(self.owned.less(self.untold)))
        self.stopped = False
        return self.tell(Started(NOW, self.market, self.price))

    @property
    def untold(self) -> Funds:
        """What parts of orders brought of which the grid has not been told."""
        brought = Funds()
        for key, part in self.partly.items():
            came = Funds(part.received_base, -part.cost - part.fee_quote)
            if self.book[key].side is Side.SELL:
                came = Funds(-part.quantity - part.fee_base, part.received_quote)
            brought = brought.plus(came)
        return brought

    def stop(self, on_stop: OnStop) -> None:
        self.tell(StopRequested(NOW, on_stop))

    def change(self, params: GridParams) -> None:
        before = self.grid.funds(self.params, self.state)
        self.params = self.grid.complete(params, self.around)
        if not self.stopped:
            more = self.grid.funds(self.params, self.state).beyond(before)
            self.owned = self.owned.plus(more)
        self.tell(ParamsChanged(NOW, self.market, self.price))

    def fill(self, key: tuple[str, int]) -> None:
        self._execute(key, self.book[key].quantity)
        execution = self.partly.pop(key)
        del self.book[key]
        self.tell(OrderFilled(NOW, *key, execution))

    def fill_part(self, key: tuple[str, int], quantity: Decimal) -> None:
        """Nobody is told: parts are told only with the whole."""
        self._execute(key, quantity)

    def cancel(self, key: tuple[str, int], reason: str = "cancelled") -> None:
        del self.book[key]
        self.asked.discard(key)
        self.tell(OrderCancelled(NOW, *key, self.partly.pop(key, NOTHING), reason))

    def refuse(self, key: tuple[str, int], code: str) -> None:
        del self.book[key]
        self.tell(OrderRefused(NOW, *key, code, f"the exchange said {code}"))

    def part(self, key: tuple[str, int]) -> Decimal:
        return self.partly.get(key, NOTHING).quantity

    def tell_old_news(self, index: int) -> None:
        """Order news is told a second time: nothing may come of it."""
        _, event, _ = self.history[index]
        if isinstance(event, OrderFilled | OrderCancelled | OrderRefused):
            before = self.state
            assert self.tell(event) == ()
            assert self.state == before

    def answer_cancels(self) -> None:
        for key in sorted(self.asked):
            self.asked.discard(key)
            if key in self.book:
                self.cancel(key)

    def move(self, price: Decimal | int | str) -> None:
        """The price goes there; what it crosses fills, until all is calm."""
        self.price = Decimal(price)
        self.calm()
        for watch in list(self.watches.values()):
            low = watch.direction is Direction.BELOW
            hit = self.price <= watch.price if low else self.price >= watch.price
            if hit and self.watches.get(watch.trigger) is watch:
                del self.watches[watch.trigger]
                self.tell(PriceCrossed(NOW, watch.trigger, self.price))
        self.calm()

    def calm(self) -> None:
        for _ in range(TURNS_MAX):
            self.answer_cancels()
            crossed = [key for key, order in self.book.items() if self._crosses(order)]
            if crossed:
                self.fill(min(crossed, key=self._turn))
            elif not self.asked:
                return
        raise AssertionError("it trades for ever")

    def _turn(self, key: tuple[str, int]) -> Decimal:
        """The way the price comes by: market orders, buys from the top, sells from below."""
        order = self.book[key]
        if order.price is None:
            return -Decimal(10**9)
        return -order.price if order.side is Side.BUY else order.price

    def _crosses(self, order: PlaceOrder) -> bool:
        if order.price is None:
            return True
        if order.side is Side.BUY:
            return order.price > self.price
        return order.price < self.price

    def _execute(self, key: tuple[str, int], quantity: Decimal) -> None:
        order, before = self.book[key], self.partly.get(key, NOTHING)
        buys = order.side is Side.BUY
        price = self._price(key)
        now = min(quantity, order.quantity - before.quantity)
        received, currency = now * price, self.market.quote
        if buys:
            received, currency = now, self.market.base
        fee = fee_on(received, self.market.taker_fee)
        if self.fee_currency is not None:
            currency, fee = self.fee_currency, fee_on(now * price, self.market.taker_fee)
        fill = Fill(order.side, price, now, fee, currency)
        if now:
            self.fills.append(fill)
        fees = Funds(
            fee if currency == self.market.base else ZERO,
            fee if currency == self.market.quote else ZERO,
        )
        came = Funds(now, -now * price) if buys else Funds(-now, now * price)
        self.owned = self.owned.plus(came).less(fees)
        self.partly[key] = replace(
            before,
            quantity=before.quantity + now,
            cost=before.cost + now * price,
            fee_base=before.fee_base + (fee if currency == self.market.base else ZERO),
            fee_quote=before.fee_quote + (fee if currency == self.market.quote else ZERO),
        )

    def _price(self, key: tuple[str, int]) -> Decimal:
        """What rested fills at its own price, what crossed when it came at the market's."""
        order = self.book[key]
        if order.price is not None and key not in self.taking:
            return order.price
        slipped = self.price * (1 + self.slippage) if order.side is Side.BUY else self.price
        at = self.market.price(slipped)
        if order.price is None:
            return at
        return min(at, order.price) if order.side is Side.BUY else max(at, order.price)
