"""A strategy with whims: it places and cancels as its numbers say, and keeps strict books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from pydantic import BaseModel

from tradingbot.strategies.strategy import Decision, Params, Problem, Surroundings
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
from tradingbot.trading.funds import Funds
from tradingbot.trading.intent import (
    CancelOrder,
    Direction,
    Finish,
    Intent,
    PlaceOrder,
    WatchPrice,
)
from tradingbot.trading.market import Market
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import OrderType, Side

SLOTS = 3
# More than all its orders together could come to.
STAKE = Funds(Decimal("0.1"), Decimal(6_000))


class WhimParams(Params):
    seed: int
    orders: int  # in all


@dataclass(frozen=True, slots=True)
class WhimState:
    """`out`: the round of each slot's order while one is out, else 0.

    `bought` is base, `spent` is quote, both net.
    """

    market: Market | None = None
    price: Decimal = ZERO
    steps: int = 0
    rounds: tuple[int, ...] = (0,) * SLOTS
    out: tuple[int, ...] = (0,) * SLOTS
    sides: tuple[str, ...] = ("",) * SLOTS
    left: int = 0
    bought: Decimal = ZERO
    spent: Decimal = ZERO
    stopping: bool = False


def slot(number: int) -> str:
    return f"whim:{number}"


class Whim:
    name = "whim"
    title = "Whim"
    params_type = WhimParams
    state_type = WhimState
    funds_field = "orders"

    def complete(self, params: WhimParams, around: Surroundings) -> WhimParams:
        return params

    def problems(self, params: WhimParams, around: Surroundings) -> Sequence[Problem]:
        return ()

    def preview(self, params: WhimParams, around: Surroundings) -> BaseModel:
        return params

    def order_value_max(self, params: WhimParams) -> Decimal:
        return Decimal(100_000)

    def funds(self, params: WhimParams, state: WhimState) -> Funds:
        return STAKE.plus(Funds(state.bought, -state.spent))

    def results(self, state: WhimState) -> Mapping[str, Decimal]:
        return {}

    def begin(self, params: WhimParams) -> WhimState:
        return WhimState(left=params.orders)

    def decide(self, params: WhimParams, state: WhimState, event: Event) -> Decision[WhimState]:
        chance = Random(params.seed * 10_007 + state.steps)
        state = replace(state, steps=state.steps + 1)
        match event:
            case Started() | ParamsChanged():
                state = replace(state, market=event.market, price=event.price, stopping=False)
                return _busy(state, chance)
            case PriceCrossed():
                return _crossed(replace(state, price=event.price), chance)
            case OrderFilled() | OrderCancelled() | OrderRefused():
                return _busy(_ended(state, event), chance)
            case StopRequested():
                return _stopping(state, event.on_stop)


def _ended(state: WhimState, event: OrderFilled | OrderCancelled | OrderRefused) -> WhimState:
    number = int(event.slot.removeprefix("whim:"))
    assert state.out[number] == event.round, f"{event.slot} round {event.round} is not out"
    if not isinstance(event, OrderRefused):
        sign = 1 if state.sides[number] == "buy" else -1
        done = event.execution
        state = replace(
            state,
            bought=state.bought + sign * done.quantity - done.fee_base,
            spent=state.spent + sign * done.cost + done.fee_quote,
        )
    return replace(state, out=_put(state.out, number, 0))


def _busy(state: WhimState, chance: Random) -> Decision[WhimState]:
    intents: list[Intent] = []
    for number in range(SLOTS):
        if state.stopping or state.out[number] or not state.left or state.market is None:
            continue
        order = _order(state, number, chance)
        intents.append(order)
        state = replace(
            state,
            left=state.left - 1,
            rounds=_put(state.rounds, number, order.round),
            out=_put(state.out, number, order.round),
            sides=(*state.sides[:number], str(order.side), *state.sides[number + 1 :]),
        )
    if state.stopping and not any(state.out):
        intents.append(Finish("stopped by its owner"))
    elif not state.stopping:
        intents.append(_watch(state, chance))
    return Decision(state, tuple(intents))


def _crossed(state: WhimState, chance: Random) -> Decision[WhimState]:
    out = [number for number in range(SLOTS) if state.out[number]]
    intents: list[Intent] = []
    if out and not state.stopping:
        number = chance.choice(out)
        intents.append(CancelOrder(slot(number), state.out[number], "on a whim"))
    if not state.stopping:
        intents.append(_watch(state, chance))
    return Decision(state, tuple(intents))


def _stopping(state: WhimState, on_stop: OnStop) -> Decision[WhimState]:
    out = [number for number in range(SLOTS) if state.out[number]]
    if on_stop is OnStop.KEEP or not out:
        return Decision(state, (Finish("stopped by its owner"),))
    cancels = [CancelOrder(slot(number), state.out[number], "stopping") for number in out]
    return Decision(replace(state, stopping=True), tuple(cancels))


def _order(state: WhimState, number: int, chance: Random) -> PlaceOrder:
    assert state.market is not None
    kind = chance.choice(
        (OrderType.LIMIT, OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET)
    )
    side = chance.choice(tuple(Side))
    away = Decimal(chance.randint(-10, 40)) / 10_000
    price = state.market.price(state.price * (1 - away if side is Side.BUY else 1 + away))
    return PlaceOrder(
        slot(number),
        state.rounds[number] + 1,
        side,
        kind,
        Decimal(chance.randint(1, 8)) / 1_000,
        None if kind is OrderType.MARKET else price,
        "on a whim",
    )


def _watch(state: WhimState, chance: Random) -> WatchPrice:
    direction = chance.choice(tuple(Direction))
    away = Decimal(chance.randint(1, 30)) / 10_000
    price = state.price * (1 + away if direction is Direction.ABOVE else 1 - away)
    return WatchPrice("whim", price, direction, "on a whim")


def _put(numbers: tuple[int, ...], at: int, number: int) -> tuple[int, ...]:
    return (*numbers[:at], number, *numbers[at + 1 :])
