"""Use cases: place an order by hand, cancel one. Manual orders take the road bots' orders take."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, TypeAlias

from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.kit import ids
from tradingbot.kit.database import Database
from tradingbot.kit.errors import Fact
from tradingbot.ledger.balances import recount
from tradingbot.ledger.errors import FreeTaken
from tradingbot.orders import repository
from tradingbot.orders.errors import (
    AccountHeld,
    BotNotFound,
    FundsShort,
    KeyReused,
    OrderEnded,
    OrderNotFound,
    OrderRejected,
)
from tradingbot.orders.executor import Executor, attempt
from tradingbot.orders.manual import Planner
from tradingbot.orders.models import Order
from tradingbot.orders.ports import Account, FindAccount
from tradingbot.orders.purse_repository import in_flight
from tradingbot.orders.repository import NewOrder
from tradingbot.orders.schemas import OrderView, PlaceOrder, view
from tradingbot.orders.sessions import Sessions
from tradingbot.trading.funds import estimate
from tradingbot.trading.market import breach
from tradingbot.trading.order import TERMINAL, OrderStatus, OrderType

ANSWER_SECONDS = 5.0
PREFIX = "tb-"

# What a body asks for: the same key must come with the same.
ASKED: Final = ("symbol", "side", "type", "quantity", "price")

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
Send: TypeAlias = Callable[[NewOrder, Callable[[], bool]], Awaitable[Order | None]]


def client_order_id(bot_uid: str, slot: str, round_: int) -> str:
    """The same for the same bot, slot and round; 29 characters every exchange accepts."""
    return PREFIX + ids.name_of(bot_uid, slot, round_)


class OrderDesk:
    """Where people place and cancel orders themselves.

    `spawn` starts work that goes on when its caller stops waiting for it.
    """

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        find_account: FindAccount,
        spawn: Spawn,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._find_account = find_account
        self._spawn = spawn

    async def place_manual(
        self, user_id: int, body: PlaceOrder, idempotency_key: str | None = None
    ) -> OrderView:
        """The order as far as it got within 5 s; still `sending` resolves by itself.

        Raises BotNotFound, SymbolUnknown, OrderRejected, KeyReused, AccountHeld,
        ExchangeUnreachable.
        """
        account = await self._account(user_id, body.bot_id)
        new = _new(user_id, account, body, idempotency_key)
        order = await self._known(new) if idempotency_key else None
        if order is None:
            _require_trading(account)
            price = await self._check(account, body)
            if body.price is None:
                new["estimate"] = estimate(price)
            order = await self._place(new)
        if order is None:  # held, perhaps, while we were at it
            _require_trading(await self._account(user_id, body.bot_id))
            raise ExchangeUnreachable("not kept in time: look again in a moment")
        if order.status is OrderStatus.REJECTED:
            field = "quantity" if order.code == FundsShort.code else None
            raise OrderRejected(order.code or "rejected", order.reason, view(order), field=field)
        return view(order)

    async def cancel(self, user_id: int, order_id: int) -> OrderView:
        """Raise OrderNotFound, or OrderEnded when nothing is left to cancel."""
        async with self._database.driving() as driver:
            order = await repository.owned(driver, user_id, order_id)
            if order is None:
                raise OrderNotFound(f"there is no order {order_id}")
            if order.status in TERMINAL:
                raise OrderEnded(f"order {order_id} is {order.status} already")
            wished = await repository.ask_to_cancel_one(driver, order_id)
        task = self._spawn(attempt(self._executor, wished or order))
        await asyncio.wait({task}, timeout=ANSWER_SECONDS)
        return view(await self._now(order))

    async def _account(self, user_id: int, bot_id: int) -> Account:
        async with self._database.asking() as driver:
            account = await self._find_account(driver, user_id, bot_id)
        if account is None:
            raise BotNotFound(f"there is no bot {bot_id}", field="bot_id")
        return account

    async def _check(self, account: Account, body: PlaceOrder) -> Decimal:
        """The price it is judged by: its own, or the present one."""
        data = await self._sessions.market_data(account.account_id)
        market = await data.market(body.symbol)
        price = body.price
        if price is None:
            price = market.price(await data.price(body.symbol))
        if (broken := breach(market, body.quantity, price)) is not None:
            raise OrderRejected(broken.code, broken.reason, None, field=broken.field)
        return price

    async def _known(self, new: NewOrder) -> Order | None:
        """The order this key made before. Raises KeyReused when it was another one."""
        async with self._database.asking() as driver:
            known = await repository.by_slot(driver, new["bot_id"], new["slot"], new["round"])
        if known is not None and any(getattr(known, name) != new[name] for name in ASKED):
            raise KeyReused("this Idempotency-Key came with another body before")
        return known

    async def _place(self, new: NewOrder) -> Order | None:
        """The order as far as it got within 5 s; what is not done by then goes on."""
        placing = _Placing(self._send, new)
        task = self._spawn(placing.run())
        await asyncio.wait({task}, timeout=ANSWER_SECONDS)
        if not task.done() and placing.called_off():
            raise ExchangeUnreachable("the rate limits leave no room right now: nothing was sent")
        # What failed after the claim does not unmake the order: it resolves by itself.
        order = placing.order or await self._known(new)
        if order is None and placing.error is not None:
            raise placing.error
        return order

    async def _send(self, new: NewOrder, still_wanted: Callable[[], bool]) -> Order | None:
        """Kept as rejected when there is no money for it, even counting what came in just now."""
        plan = Planner(self._find_account, new).plan
        account_id = new["account_id"]
        with suppress(FundsShort, FreeTaken):
            return await self._executor.place_new(account_id, plan, still_wanted)
        with suppress(ExchangeUnreachable):
            session = await self._sessions.of(account_id)
            await recount(self._database, in_flight, account_id, session)
        try:
            return await self._executor.place_new(account_id, plan, still_wanted)
        except FundsShort as short:
            async with self._database.driving() as driver:
                refused = NewOrder(**{**new, "reason": short.message})
                return await repository.plan_refused(driver, refused, short.code)

    async def _now(self, order: Order) -> Order:
        async with self._database.asking() as driver:
            now = await repository.by_id(driver, order.id)
        assert now is not None
        return now


class _Placing:
    """One placing. Its asker may call it off until it is claimed, and stop waiting after that."""

    def __init__(self, send: Send, new: NewOrder) -> None:
        self._send = send
        self._new = new
        self._claimed = False
        self._called_off = False
        self.order: Order | None = None
        self.error: Fact | None = None

    async def run(self) -> None:
        try:
            self.order = await self._send(self._new, self._still_wanted)
        except Fact as error:
            self.error = error

    def called_off(self) -> bool:
        """False when it is too late: then it will be sent, if it is not already."""
        self._called_off = not self._claimed
        return self._called_off

    def _still_wanted(self) -> bool:
        self._claimed = not self._called_off
        return self._claimed


def _require_trading(account: Account) -> None:
    if account.held_reason is not None:
        raise AccountHeld(account.account_id, account.held_reason)


def _new(user_id: int, account: Account, body: PlaceOrder, idempotency_key: str | None) -> NewOrder:
    slot = "manual:" + ids.name_of(idempotency_key or ids.new_uid())
    return NewOrder(
        user_id=user_id,
        bot_id=body.bot_id,
        account_id=account.account_id,
        symbol=body.symbol,
        slot=slot,
        round=0,
        origin="manual",
        side=body.side,
        type=OrderType(body.type),
        quantity=body.quantity,
        price=body.price,
        client_order_id=client_order_id(account.bot_uid, slot, 0),
        reason="placed by hand",
    )
