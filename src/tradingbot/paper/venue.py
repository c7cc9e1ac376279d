"""The exchange itself: takes orders, lets them meet, keeps the books. Speaks no protocol."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from tradingbot.kit.clock import Clock
from tradingbot.paper import rules
from tradingbot.paper.accounts import Account, InsufficientFunds
from tradingbot.paper.charges import charge
from tradingbot.paper.entries import amended, described
from tradingbot.paper.hall import Hall
from tradingbot.paper.journal import Journal
from tradingbot.paper.ledger import Ledger
from tradingbot.paper.meeting import meetings, needed, spends_all
from tradingbot.paper.options import PaperOptions
from tradingbot.paper.orders import Fill, Lasting, OrderRequest, PaperOrder, Status
from tradingbot.paper.refusals import (
    DuplicateClientId,
    FilterFailed,
    NotEnoughFunds,
    Refused,
    UnknownOrder,
    WouldMatch,
    WouldTrigger,
)
from tradingbot.paper.tape import Trade
from tradingbot.simulation.matching import Match, Resting
from tradingbot.trading.order import Side

POSITION_EVERY = 5_000  # ms

Happened: TypeAlias = Literal["NEW", "TRADE", "REPLACED", "CANCELED", "EXPIRED", "REJECTED"]
# What becomes of an order with each way to end it.
ENDINGS: dict[Status, Happened] = {
    Status.CANCELED: "CANCELED",
    Status.EXPIRED: "EXPIRED",
    Status.REJECTED: "REJECTED",
}


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
        self.clock_offset = 0  # ms by which the exchange's clock is off
        self.look: Callable[[Account], Account] = lambda account: account  # who asks sees this
        self.on_update: list[Callable[[Update], None]] = []
        self.on_trade: list[Callable[[str, Trade], None]] = []
        self.waiting: list[PaperOrder] = []  # acknowledged before a restart, not worked on yet
        self._clock = clock
        self._noted = 0
        self._asked = asyncio.Event()

    def now(self) -> int:
        """The exchange's clock, ms."""
        return int(self._clock.now().timestamp() * 1000) + self.clock_offset

    def account(self, account_id: str) -> Account:
        """Opens it with the starting balances when it is new."""
        known = self.ledger.accounts.get(account_id)
        return self.look(known or self.grant(account_id, self.options.balances))

    def grant(
        self, account_id: str, balances: Mapping[str, Decimal], fee_coin: str | None = None
    ) -> Account:
        """`fee_coin` pays the account's fees from now on; "" is what each fill brings."""
        choice = {} if fee_coin is None else {"fee_coin": fee_coin}
        self.journal.append("account", self.now(), account=account_id, balances=balances, **choice)
        return self.ledger.grant(account_id, balances, fee_coin)

    def fee_coin(self, account: Account) -> str | None:
        """What pays its fees while there is enough of it."""
        chosen = account.fee_coin
        return (self.options.fees.third_coin if chosen is None else chosen) or None

    def assets(self, order: PaperOrder, fill: Fill | None = None) -> tuple[str, ...]:
        """Those a change of this order may have moved."""
        market = self.halls[order.asked.symbol].market
        pair = market.base, market.quote
        return pair if fill is None or fill.fee_asset in pair else (*pair, fill.fee_asset)

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
        self._count()
        self.check(account, asked)
        hall = self.halls[asked.symbol]
        matches = [] if asked.trigger else meetings(hall, asked)
        order = self._admit(account, asked, matches)
        self._tell(Update(order, "NEW"))
        if asked.trigger:
            hall.sleep(order)
        else:
            self._execute(hall, order, matches)
            self._wake(hall)
        return order

    def acknowledge(self, account: Account, asked: OrderRequest) -> PaperOrder:
        """Raises Refused; otherwise the order exists, but meets nobody before `work`."""
        try:
            rules.check(self.halls[asked.symbol].market, asked, self.halls[asked.symbol].tape.last)
            matches = [] if asked.trigger else meetings(self.halls[asked.symbol], asked)
            return self._admit(account, asked, matches, waiting=True)
        except Refused:
            self._count()
            raise

    def work(self, order: PaperOrder) -> None:
        """An acknowledged order reaches the market, unless it ended on its way."""
        self._count()
        if not order.waiting:
            return
        hall = self.halls[order.asked.symbol]
        if order.asked.trigger is None:
            self._enter(hall, order, "WORKING")
        else:
            order.waiting = False
            self._state(order, "WORKING")
            self._tell(Update(order, "NEW"))
            hall.sleep(order)
        self._wake(hall)

    def amend(self, order: PaperOrder, asked: OrderRequest) -> None:
        """Other terms for an open order, which goes to the end of its queue.

        Raises UnknownOrder or NotEnoughFunds; then nothing has changed.
        """
        assert asked.quantity is not None
        if not order.open or order.waiting or asked.quantity <= order.executed:
            raise UnknownOrder
        hall = self.halls[asked.symbol]
        asleep = order.working_since is None
        left = replace(
            asked,
            quantity=asked.quantity - order.executed,
            trigger=asked.trigger if asleep else None,
        )
        matches = [] if asleep else meetings(hall, left)
        if asleep:
            hall.forget(order)
        try:
            self.ledger.amend(order, asked, needed(left, matches), self.now())
        except InsufficientFunds as short:
            raise NotEnoughFunds from short
        else:
            self.journal.append(
                "amend", order.updated, **amended(order), balances=self._balances(order)
            )
            self._tell(Update(order, "REPLACED"))
            if not asleep:
                hall.book.withdraw(order.id)
                self._meet(hall, order, matches)
        finally:
            if asleep:
                hall.sleep(order)
        self._wake(hall)

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
        if order.working_since is not None:
            hall.book.withdraw(order.id)
        elif not order.waiting:
            hall.forget(order)
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

    def _count(self) -> None:
        self.first_order.set()
        self.orders_asked += 1
        self._asked.set()

    def _admit(
        self, account: Account, asked: OrderRequest, matches: list[Match], *, waiting: bool = False
    ) -> PaperOrder:
        now = self.now()
        order = PaperOrder(
            id=self.ledger.last_order_id + 1,
            account=account.id,
            asked=asked,
            created=now,
            updated=now,
            working_since=None if asked.trigger or waiting else now,
            waiting=waiting,
        )
        try:
            self.ledger.admit(order, needed(asked, matches))
        except InsufficientFunds as short:
            raise NotEnoughFunds from short
        self.journal.append("order", now, **described(order), balances=self._balances(order))
        return order

    def _meet(self, hall: Hall, order: PaperOrder, matches: list[Match]) -> None:
        if order.asked.post_only and matches:
            self._end(order, Status.CANCELED, reason=WouldMatch.reason)
        else:
            self._execute(hall, order, matches)

    def _execute(self, hall: Hall, order: PaperOrder, matches: list[Match]) -> None:
        spent = order.asked.quantity is None and spends_all(hall, order, matches)
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

    def _fill(
        self,
        order: PaperOrder,
        match: Match,
        trade_id: int,
        *,
        maker_side: bool,
        done: bool = False,
    ) -> None:
        account = self.ledger.accounts[order.account]
        terms = self.options.fees.rate(maker=maker_side), self.fee_coin(account)
        charged = charge(self.halls, account, order.asked.symbol, order.asked.side, match, terms)
        fill = Fill(
            trade_id=trade_id,
            price=match.price,
            quantity=match.quantity,
            fee=charged.fee,
            fee_asset=charged.asset,
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
            balances=self._balances(order, fill),
        )
        self._tell(Update(order, "TRADE", fill))

    def _wake(self, hall: Hall) -> None:
        while (order_id := hall.woken()) is not None:
            self._enter(hall, self.ledger.orders[order_id], "TRIGGERED")

    def _enter(self, hall: Hall, order: PaperOrder, how: Literal["WORKING", "TRIGGERED"]) -> None:
        """It slept under its trigger, or waited; from now on it is a plain order."""
        asked = replace(order.asked, trigger=None)
        matches = meetings(hall, asked)
        try:
            self.ledger.wake(order, needed(asked, matches), self.now())
        except InsufficientFunds:
            refused = Status.REJECTED if how == "WORKING" else Status.EXPIRED
            self._end(order, refused, reason=NotEnoughFunds.reason)
            return
        self._state(order, how)
        if not (asked.post_only and matches):
            self._tell(Update(order, "NEW"))
        self._meet(hall, order, matches)

    def _end(
        self,
        order: PaperOrder,
        status: Status,
        cancel_cid: str | None = None,
        reason: str | None = None,
    ) -> None:
        order.reason = reason
        self.ledger.move(order, status, self.now())
        self._state(order, status)
        self._tell(Update(order, ENDINGS[status], cancel_cid=cancel_cid))

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
            **({"reason": order.reason} if order.reason else {}),
            balances=self._balances(order),
        )

    def _balances(self, order: PaperOrder, fill: Fill | None = None) -> dict[str, list[Decimal]]:
        return self.ledger.accounts[order.account].state(*self.assets(order, fill))

    def _tell(self, update: Update) -> None:
        for tell in self.on_update:
            tell(update)
