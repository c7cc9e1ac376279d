"""The shell around the step: load, step, save, hand over."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tradingbot.bots import codec
from tradingbot.bots import runner_repository as repository
from tradingbot.bots.advance import Advance
from tradingbot.bots.runner_repository import BotRow, Turn
from tradingbot.bots.triggers import Crossing
from tradingbot.bots.walk import StrategyFailed, Walk, dump_watches
from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.kit.clock import Clock
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.kit.statement import Driver
from tradingbot.ledger import service as ledger
from tradingbot.ledger.moves import BOT
from tradingbot.ledger.purse import Purse
from tradingbot.orders import repository as orders
from tradingbot.orders.models import Order
from tradingbot.orders.purse_repository import purse as find_purse
from tradingbot.orders.purse_repository import untold as find_untold
from tradingbot.trading.event import (
    Event,
    OnStop,
    ParamsChanged,
    PriceCrossed,
    Started,
    StopRequested,
)
from tradingbot.trading.intent import Finish, WatchPrice
from tradingbot.trading.market import Market
from tradingbot.trading.money import plain, spoken

EVENTS_AT_ONCE_MAX = 50
# Of all the orders a stopped bot may have left behind.
EVENTS_BEFORE_START_MAX = 400

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one advance, for the worker to act on after the commit."""

    to_place: Sequence[Order] = ()
    to_cancel: Sequence[Order] = ()
    watches: dict[str, WatchPrice] | None = None  # None: as they were
    resting: bool = False  # nothing more to do for this bot
    more: bool = False  # more events wait


class LeaseLost(Exception):  # noqa: N818  # errors are named after what is the case
    """Another worker holds the bot by now; it goes on there."""


class Runner:
    """Commit before act: an advance ends with one commit of state, orders, cancels and events."""

    def __init__(self, worker_id: str, database: Database, clock: Clock) -> None:
        self._worker_id = worker_id
        self._database = database
        self._clock = clock

    async def advance(
        self,
        bot_id: int,
        lease_token: int,
        market: Market,
        price: Decimal,
        crossings: Sequence[Crossing] = (),
    ) -> Outcome:
        """Take the bot through all that waits for it. Raises LeaseLost."""
        async with self._database.driving() as driver:
            bot = await repository.lock(driver, bot_id, self._worker_id, lease_token)
            if bot is None:
                raise LeaseLost
            most = EVENTS_BEFORE_START_MAX if bot.command == "start" else EVENTS_AT_ONCE_MAX
            told = [codec.load_event(text) for text in await repository.take(driver, bot_id, most)]
            rest = [*self._commanded(bot, market, price), *self._crossed(bot, crossings)]
            if not told and not rest:
                return Outcome()
            purse = await find_purse(driver, bot.account_id, bot.id, (market.base, market.quote))
            try:
                advance = Advance.begin(bot, market, price, purse)
                await self._take_through(driver, advance, told, rest)
                more = len(told) == most
                moves = advance.moves(all_told=not more)
            except StrategyFailed as error:
                log.exception("strategy_failed", bot_id=bot.id)
                return await self._fail(driver, bot, purse, str(error))
            outcome = await self._keep(driver, advance)
            await ledger.move(driver, purse, moves)
        led = advance.led
        return Outcome(*outcome, watches=led.watches, resting=led.finish is not None, more=more)

    async def _take_through(
        self, driver: Driver, advance: Advance, told: Sequence[Event], rest: Sequence[Event]
    ) -> None:
        """All of it, in this order: what a bot needs for its start shows once it is told of all."""
        advance.tell(told)
        if advance.bot.command == "start":
            bot = advance.bot
            live = advance.purse.live(BOT)
            untold = await find_untold(driver, bot.account_id, bot.id, bot.symbol) if live else {}
            if not advance.stake(untold):
                return
        advance.tell(rest)

    def _commanded(self, bot: BotRow, market: Market, price: Decimal) -> list[Event]:
        now = self._clock.now()
        match bot.command:
            case "start":
                return [Started(now, market, price)]
            case "stop":
                return [StopRequested(now, OnStop(bot.on_stop))]
            case "update":
                return [ParamsChanged(now, market, price)]
            case _:
                return []

    def _crossed(self, bot: BotRow, crossings: Sequence[Crossing]) -> list[Event]:
        now = self._clock.now()
        watched = {watch["trigger"] for watch in bot.watches}
        return [
            PriceCrossed(now, crossing.trigger, crossing.price)
            for crossing in crossings
            if crossing.trigger in watched
        ]

    async def _keep(self, driver: Driver, advance: Advance) -> tuple[list[Order], list[Order]]:
        bot, led = advance.bot, advance.led
        taken = [
            (codec.dump_event(event), codec.dump_intents(intents)) for event, intents in led.steps
        ]
        turn, said = _turn(bot, led.finish)
        watches = [] if turn is Turn.ENDED else dump_watches(led.watches)
        state = codec.dump(led.state)
        await repository.save(
            driver, bot, turn, state=state, watches=watches, taken=taken, said=said
        )
        planned = await orders.plan(driver, [advance.order(place) for place in led.places])
        keys = [(cancel.slot, cancel.round) for cancel in led.cancels]
        cancelled = await orders.ask_to_cancel(driver, bot.id, keys)
        await self._tell(driver, bot, led)
        return planned, cancelled

    async def _tell(self, driver: Driver, bot: BotRow, led: Walk) -> None:
        for note in led.notes:
            message, more = note.reason, {}
            if note.profit is not None:
                message = f"{note.reason}: {_signed(note.profit)} {bot.symbol.partition('/')[2]}"
                more = {"profit": plain(note.profit)}
            await self._record(driver, bot, EventType(note.type), message, note.reason, **more)
        if any(isinstance(event, Started) for event, _ in led.steps):
            await self._record(driver, bot, EventType.BOT_STARTED, f"{bot.name} is running.")
        if led.finish is not None:
            kind = EventType.BOT_ERROR if led.finish.failed else EventType.BOT_STOPPED
            why = led.finish.reason
            await self._record(driver, bot, kind, f"{bot.name}: {why}", why)

    async def _fail(self, driver: Driver, bot: BotRow, purse: Purse, reason: str) -> Outcome:
        why = f"the strategy failed: {reason}"
        said = {"status": "error", "status_reason": why}
        await repository.save(driver, bot, Turn.ENDED, state=bot.state, watches=[], said=said)
        await self._record(driver, bot, EventType.BOT_ERROR, f"{bot.name}: {why}", why)
        await ledger.move(driver, purse, purse.leftovers())
        return Outcome(watches={}, resting=True)

    async def _record(
        self,
        driver: Driver,
        bot: BotRow,
        kind: EventType,
        message: str,
        reason: str = "",
        **more: str,
    ) -> None:
        what = {"bot": bot.name, "strategy": bot.strategy, "symbol": bot.symbol, "reason": reason}
        data = what | more
        await events.record(
            driver, user_id=bot.user_id, bot_id=bot.id, type=kind, message=message, data=data
        )


def _signed(profit: Decimal) -> str:
    return f"+{spoken(profit)}" if profit > 0 else spoken(profit)


def _turn(bot: BotRow, finish: Finish | None) -> tuple[Turn, dict[str, str]]:
    if finish is not None:
        status = "error" if finish.failed else "stopped"
        return Turn.ENDED, {"status": status, "status_reason": finish.reason}
    return (Turn.STARTED if bot.command == "start" else Turn.GOES_ON), {}
