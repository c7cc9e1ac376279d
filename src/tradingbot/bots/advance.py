"""One advance of a bot: what waits for it, its strategy, and its part of the account's money."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tradingbot.bots import codec, money
from tradingbot.bots.errors import FundsLacking
from tradingbot.bots.parameters import AnyStrategy
from tradingbot.bots.runner_repository import BotRow
from tradingbot.bots.walk import StrategyFailed, Walk, load_watches, walk
from tradingbot.kit.errors import Fact
from tradingbot.ledger.moves import BOT, Moves, together
from tradingbot.ledger.purse import Purse
from tradingbot.orders.repository import NewOrder
from tradingbot.orders.service import client_order_id
from tradingbot.strategies.catalogue import strategy
from tradingbot.strategies.strategy import Params
from tradingbot.trading.event import Event, PriceCrossed
from tradingbot.trading.funds import Funds, estimate
from tradingbot.trading.intent import Finish, PlaceOrder
from tradingbot.trading.market import Market
from tradingbot.trading.risk import Limits


@dataclass(slots=True)
class Advance:
    """`purse` is what there was before it, `staked` what the strategy was given for its start."""

    bot: BotRow
    strategy: AnyStrategy
    params: Params
    led: Walk
    market: Market
    price: Decimal
    purse: Purse
    staked: Moves = field(default_factory=dict)

    @classmethod
    def begin(cls, bot: BotRow, market: Market, price: Decimal, purse: Purse) -> "Advance":
        """Raise StrategyFailed."""
        played = strategy(bot.strategy)
        try:
            params = played.params_type.model_validate(bot.params)
            state = (
                played.begin(params)
                if bot.state is None
                else codec.load(played.state_type, bot.state)
            )
            played.order_value_max(params)
        except (ValueError, Fact) as error:
            raise StrategyFailed("its saved parameters or state do not fit the strategy") from error
        led = Walk(state, load_watches(bot.watches))
        return cls(bot, played, params, led, market, price, purse)

    def tell(self, waiting: Sequence[Event]) -> None:
        """Raise StrategyFailed."""
        for event in waiting:
            if isinstance(event, PriceCrossed):
                self.led.watches.pop(event.trigger, None)
        walk(self.strategy, self.params, self.led, waiting, self._limits())

    def stake(self, untold: Moves) -> bool:
        """Take what the strategy needs to start; False, and the bot ends, when it is not there.

        To be called once all that happened before is told; `untold` is what could not yet be.
        Raises StrategyFailed.
        """
        lacking = money.lacking(self.purse, self.market.symbol, self._claims(), untold)
        try:
            self.staked = money.stake(
                self.purse, self.market.symbol, lacking, self.strategy.funds_field
            )
        except FundsLacking as short:
            self.led.finish = Finish(short.message, failed=True)
            return False
        return True

    def order(self, place: PlaceOrder) -> NewOrder:
        bot = self.bot
        return NewOrder(
            user_id=bot.user_id,
            bot_id=bot.id,
            account_id=bot.account_id,
            symbol=bot.symbol,
            slot=place.slot,
            round=place.round,
            origin=BOT,
            side=place.side,
            type=place.type,
            quantity=place.quantity,
            price=place.price,
            client_order_id=client_order_id(bot.uid, place.slot, place.round),
            reason=place.reason,
            estimate=estimate(self.price) if place.price is None else None,
        )

    def moves(self, *, all_told: bool) -> Moves:
        """What it was given, and what goes back: everything at its end, before that the surplus.

        Only with no order out, and nothing left to tell, is it known what is too much.
        Raises StrategyFailed.
        """
        purse, led = self.purse.after(self.staked), self.led
        if led.finish is not None:
            busy = (BOT,) if led.places else ()
            return together(self.staked, purse.leftovers(*busy))
        if purse.live(BOT) or not all_told:
            return self.staked
        base, quote = self.market.base, self.market.quote
        surplus = purse.owned_by_strategy(base, quote).beyond(self._claims())
        idle = self._limits().funds
        assert idle is not None, "its limits are made of its purse"
        return together(self.staked, purse.given_up(base, quote, surplus.within(idle)))

    def _claims(self) -> Funds:
        try:
            return self.strategy.funds(self.params, self.led.state)
        except Exception as error:
            raise StrategyFailed(f"{type(error).__name__} when asked for its funds") from error

    def _limits(self) -> Limits:
        """What may leave now, besides what was planned before."""
        funds = self.purse.after(self.staked).funds(self.market.base, self.market.quote)
        value_max = self.strategy.order_value_max(self.params)
        return Limits(self.market, self.price, value_max, funds).after(self.led.places)
