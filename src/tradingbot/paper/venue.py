"""The exchange itself: takes orders, lets them meet, keeps the books. Speaks no protocol."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from tradingbot.kit.clock import Clock
from tradingbot.paper import rules
from tradingbot.paper.accounts import Account, InsufficientFunds
from tradingbot.paper.hall import Hall
from tradingbot.paper.journal import Journal
from tradingbot.paper.ledger import Ledger
from tradingbot.paper.options import PaperOptions
from tradingbot.paper.orders import ZERO, Fill, Lasting, OrderRequest, PaperOrder, Status
from tradingbot.paper.refusals import (
    DuplicateClientId,
    FilterFailed,
    NotEnoughFunds,
    UnknownOrder,
    WouldMatch,
    WouldTrigger,
)
from tradingbot.paper.tape import Trade
from tradingbot.simulation.fees import fee_on
from tradingbot.simulation.matching import Budget, Match, Quantity, Resting
from tradingbot.trading.order import Side

POSITION_EVERY = 5_000  # ms

Happened: TypeAlias = Literal["NEW", "TRADE", "CANCELED", "EXPIRED"]


@dataclass(frozen=True, slots=True)
class Update:
    """Something happened to an order just now."""

    order: PaperOrder
    happened: Happened
    fill: Fill | None = None
    cancel_cid: str | None = None


class Venue:
    def __init__(
        self, options: PaperOptions, clock: Clock, journal: Journal, halls: Mapping[str, Hall]
    ) -> None:
        self.options = options
        self.halls = halls
        self.symbols = {symbol.replace("/", ""): symbol for symbol in halls}  # as exchanges write
        self.ledger = Ledger({symbol: hall.market for symbol, hall in halls.items()})
        self.journal = journal
        self.first_order = asyncio.Event()  # somebody has tried to trade
        self.orders_asked = 0
        self.fills = 0
        self.on_update: list[Callable[[Update], None]] = []
        self.on_trade: list[Callable[[str, Trade], None]] = []
        self._clock = clock
        self._noted = 0
        self._asked = asyncio.Event()

    def now(self) -> int:
        """The wall clock, ms."""
        return int(self._clock.now().timestamp() * 1000)

    def account(self, account_id: str) -> Account:
        """Opens it with the starting balances when it is new."""
        known = self.ledger.accounts.get(account_id)
        return known or self.grant(account_id, self.options.balances)

    def grant(self, account_id: str, balances: Mapping[str, Decimal]) -> Account:
        self.journal.append("account", self.now(), account=account_id, balances=balances)
        return self.ledger.grant(account_id, balances)

    def flush(self, position: Mapping[str, Any] | None = None) -> None:
        """Everything so far goes to the disk: called before anything is answered.

        A feed passes its position: noted along with whatever it caused, else every few seconds.
        """
        if position is not None:
            now = self.now()
            if self.journal.dirty or now - self._noted >= POSITION_EVERY:
                self.journal.append("position", now, position=position)
                self._noted = now
        self.journal.flush()

    def close(self, position: Mapping[str, Any]) -> None:
        self.journal.append("position", self.now(), position=position)
        self.journal.close()

    async def wait_for_orders(self, count: int) -> None:
        """Until so many have been asked for since the start."""
        while self.orders_asked < count:
            self._asked.clear()
            await self._asked.wait()

    def check(self, account: Account, asked: OrderRequest) -> None:
        """Raises what stands against the order, funds aside. Changes nothing."""
        hall = self.halls[asked.symbol]
        same = account.by_cid.get(asked.cid)
        if same is not None and same.open:
            raise DuplicateClientId
        rules.check(hall.market, asked, hall.tape.last)
        if len(account.open[asked.symbol]) >= self.options.limits.open_orders_per_market:
            raise FilterFailed("MAX_NUM_ORDERS")
        if asked.trigger and asked.trigger.fires(hall.tape.last):
            raise WouldTrigger
        hall.refresh()
        if asked.post_only and asked.price and hall.book.would_match(asked.side, asked.price):
            raise WouldMatch

    def place(self, account: Account, asked: OrderRequest) -> PaperOrder:
        """Raises Refused; otherwise the order exists and has met whom it could."""
        self.first_order.set()
        self.orders_asked += 1
        self._asked.set()
        self.check(account, asked)
        return self._accept(account, asked)

    def refused(self, account: str | None, code: str, detail: str, sent: Mapping[str, str]) -> None:
        """Note an order that was asked for and does not exist; `sent` as its protocol had it."""
        self.journal.append(
            "refused", self.now(), account=account, code=code, detail=detail, **sent
        )

    def cancel(self, order: PaperOrder, cancel_cid: str | None = None) -> None:
        """Raises UnknownOrder when it is no longer open."""
        if not order.open:
            raise UnknownOrder
        hall = self.halls[order.asked.symbol]
        if order.working_since is None:
            hall.forget(order)
        else:
            hall.book.withdraw(order.id)
        self._end(order, Status.CANCELED, cancel_cid)

    def print(
        self, symbol: str, price: Decimal, quantity: Decimal, at: int, *, buyer_is_maker: bool
    ) -> None:
        """The surrounding market traded: resting orders it reached are filled."""
        hall = self.halls[symbol]
        trade = hall.tape.add(price, quantity, at, buyer_is_maker=buyer_is_maker)
        hall.moved()
        for tell in self.on_trade:
            tell(symbol, trade)
        book = hall.book
        bid, ask = book.best(Side.BUY), book.best(Side.SELL)
        if (bid is not None and bid >= price) or (ask is not None and ask <= price):
            matches = book.crossed(price, quantity)
            book.settle(None, matches)
            for match in matches:
                assert match.maker is not None
                maker = self.ledger.orders[match.maker]
                hall.tape.last_id += 1
                self._fill(maker, match, hall.tape.last_id, maker_side=True)
        self._wake(hall)

    def _accept(self, account: Account, asked: OrderRequest) -> PaperOrder:
        hall = self.halls[asked.symbol]
        now = self.now()
        order = PaperOrder(
            id=self.ledger.last_order_id + 1,
            account=account.id,
            asked=asked,
            created=now,
            updated=now,
            working_since=None if asked.trigger else now,
        )
        matches = [] if asked.trigger else self._meetings(hall, asked)
        try:
            self.ledger.admit(order, self._needed(asked, matches))
        except InsufficientFunds as short:
            raise NotEnoughFunds from short
        self.journal.append("order", now, **described(order), balances=self._balances(order))
        self._tell(Update(order, "NEW"))
        if asked.trigger:
            hall.sleep(order)
        else:
            self._execute(hall, order, matches)
            self._wake(hall)
        return order

    def _meetings(self, hall: Hall, asked: OrderRequest) -> list[Match]:
        hall.refresh()
        if asked.quantity is None:
            assert asked.budget is not None
            want: Quantity | Budget = Budget(asked.budget, hall.market.step_size)
        else:
            want = Quantity(asked.quantity)
        matches = hall.book.meet(asked.side, asked.price, want)
        if asked.lasting is Lasting.FOK and _sum(matches) != asked.quantity:
            return []
        return matches

    def _needed(self, asked: OrderRequest, matches: list[Match]) -> Decimal:
        """What the order must hold, of the asset it pays with."""
        if asked.side is Side.SELL:
            return _sum(matches) if asked.quantity is None else asked.quantity
        limit = asked.price or (asked.trigger.price if asked.trigger else None)
        if limit is None:
            return sum((match.price * match.quantity for match in matches), ZERO)
        assert asked.quantity is not None
        return limit * asked.quantity

    def _execute(self, hall: Hall, order: PaperOrder, matches: list[Match]) -> None:
        spent = order.asked.quantity is None and self._spends_all(hall, order, matches)
        hall.book.settle(order.asked.side, matches)
        for index, match in enumerate(matches):
            trade = hall.tape.add(
                match.price,
                match.quantity,
                hall.tape.at,
                buyer_is_maker=order.asked.side is Side.SELL,
            )
            last = spent and index == len(matches) - 1
            self._fill(order, match, trade.id, maker_side=False, done=last)
            if match.maker is not None:
                self._fill(self.ledger.orders[match.maker], match, trade.id, maker_side=True)
            for tell in self.on_trade:
                tell(order.asked.symbol, trade)
        if not order.open:
            return
        if order.asked.price is None or order.asked.lasting is not Lasting.GTC:
            self._end(order, Status.EXPIRED)
        else:
            assert order.asked.price is not None
            hall.book.rest(Resting(order.id, order.asked.side, order.asked.price, order.remaining))

    def _spends_all(self, hall: Hall, order: PaperOrder, matches: list[Match]) -> bool:
        """Whether the budget ended before the book did."""
        other = Side.SELL if order.asked.side is Side.BUY else Side.BUY
        offered = sum((quantity for _, quantity in hall.book.levels(other)), ZERO)
        return _sum(matches) < offered

    def _fill(
        self,
        order: PaperOrder,
        match: Match,
        trade_id: int,
        *,
        maker_side: bool,
        done: bool = False,
    ) -> None:
        market = self.halls[order.asked.symbol].market
        bought = order.asked.side is Side.BUY
        received = match.quantity if bought else match.price * match.quantity
        fill = Fill(
            trade_id=trade_id,
            price=match.price,
            quantity=match.quantity,
            fee=fee_on(received, self.options.fees.rate(maker=maker_side)),
            fee_asset=market.base if bought else market.quote,
            maker=maker_side,
            at=self.now(),
        )
        done = done or order.remaining == match.quantity
        self.fills += 1
        self.ledger.fill(order, fill, Status.FILLED if done else Status.PARTIALLY_FILLED)
        self.journal.append(
            "fill",
            fill.at,
            account=order.account,
            symbol=order.asked.symbol,
            order_id=order.id,
            cid=order.asked.cid,
            side=order.asked.side,
            **{name: getattr(fill, name) for name in Fill.__slots__ if name != "at"},
            status=order.status,
            balances=self._balances(order),
        )
        self._tell(Update(order, "TRADE", fill))

    def _wake(self, hall: Hall) -> None:
        while (order_id := hall.woken()) is not None:
            order = self.ledger.orders[order_id]
            # It slept under its trigger; awake it is a plain order.
            asked = replace(order.asked, trigger=None)
            matches = self._meetings(hall, asked)
            try:
                self.ledger.wake(order, self._needed(asked, matches), self.now())
            except InsufficientFunds:
                self._end(order, Status.EXPIRED)
                continue
            self._state(order, "TRIGGERED")
            self._tell(Update(order, "NEW"))
            self._execute(hall, order, matches)

    def _end(self, order: PaperOrder, status: Status, cancel_cid: str | None = None) -> None:
        self.ledger.move(order, status, self.now())
        self._state(order, status)
        happened: Happened = "CANCELED" if status is Status.CANCELED else "EXPIRED"
        self._tell(Update(order, happened, cancel_cid=cancel_cid))

    def _state(self, order: PaperOrder, status: str) -> None:
        self.journal.append(
            "state",
            order.updated,
            account=order.account,
            symbol=order.asked.symbol,
            order_id=order.id,
            cid=order.asked.cid,
            status=status,
            locked=order.locked,
            balances=self._balances(order),
        )

    def _balances(self, order: PaperOrder) -> dict[str, list[Decimal]]:
        market = self.halls[order.asked.symbol].market
        return self.ledger.accounts[order.account].state(market.base, market.quote)

    def _tell(self, update: Update) -> None:
        for tell in self.on_update:
            tell(update)


def described(order: PaperOrder) -> dict[str, object]:
    """The order as the journal keeps it."""
    asked = order.asked
    trigger = asked.trigger
    return {
        "account": order.account,
        "symbol": asked.symbol,
        "order_id": order.id,
        "cid": asked.cid,
        "side": asked.side,
        "quantity": asked.quantity,
        "budget": asked.budget,
        "price": asked.price,
        "lasting": asked.lasting,
        "post_only": asked.post_only,
        "trigger": [trigger.price, trigger.rising] if trigger else None,
        "locked": order.locked,
    }


def _sum(matches: list[Match]) -> Decimal:
    return sum((match.quantity for match in matches), ZERO)
