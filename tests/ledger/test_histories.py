"""Whatever happens to an account, in whatever order: its books are its balances, coin for coin."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from tests.ledger.stage import SYMBOL, USER, Stage, a_stage
from tradingbot.bots.errors import BotHasOrders, BotRuns, BotStops, FundsLacking, ParamsRefused
from tradingbot.bots.schemas import BotChanges
from tradingbot.ledger.balances import compared, totals
from tradingbot.ledger.moves import Moves, of_trades, together
from tradingbot.orders.errors import OrderEnded, OrderRejected
from tradingbot.orders.schemas import PlaceOrder
from tradingbot.trading.event import OnStop

D = Decimal
T = TypeVar("T")
BOTS_MAX = 4
REFUSALS = (BotHasOrders, BotRuns, BotStops, FundsLacking, ParamsRefused, OrderEnded, OrderRejected)
INVESTMENTS = st.sampled_from(["600", "5000", "30000", "60000"])
EMPTY = (
    "TRUNCATE users, exchange_accounts, bots, orders, fills, events, outbox, bot_inbox, holdings "
    "RESTART IDENTITY CASCADE"
)


class AnAccountWithSeveralBots(RuleBasedStateMachine):
    url: str

    @initialize(fee_coin=st.sampled_from([None, "BNB"]))
    def begin(self, fee_coin: str | None) -> None:
        self.loop = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.stage: Stage = self.do(self.stack.enter_async_context(a_stage(self.url)))
        self.exchange = self.stage.exchange
        self.exchange.fee_coin = fee_coin
        self.outside: list[dict[str, Decimal]] = [{}]
        self.bots: list[int] = []
        self.make("5000", start=True)
        self.from_outside("BNB", D(1))
        self.the_auditor_looks()

    def do(self, work: Awaitable[T]) -> T:
        async def run() -> T:
            return await work

        return self.loop.run(run())

    def try_to(self, work: Callable[[], Awaitable[Any]]) -> None:
        with suppress(*REFUSALS):
            self.do(work())

    def make(self, investment: str, *, start: bool) -> None:
        params = {"lower": "54000", "upper": "66000", "lines": 7, "investment": investment}

        async def create() -> None:
            self.bots.append(await self.stage.create(params=params, start=start))

        self.try_to(create)

    @precondition(lambda self: len(self.bots) < BOTS_MAX)
    @rule(investment=INVESTMENTS, start=st.booleans())
    def a_bot_is_created(self, investment: str, start: bool) -> None:  # noqa: FBT001  # a choice
        self.make(investment, start=start)

    @rule(data=st.data())
    def a_bot_starts(self, data: st.DataObject) -> None:
        bot_id = data.draw(st.sampled_from(self.bots))
        self.try_to(lambda: self.stage.desk.start(USER, bot_id))

    @rule(data=st.data(), on_stop=st.sampled_from(OnStop))
    def a_bot_stops(self, data: st.DataObject, on_stop: OnStop) -> None:
        bot_id = data.draw(st.sampled_from(self.bots))
        self.try_to(lambda: self.stage.desk.stop(USER, bot_id, on_stop))

    @rule(data=st.data(), investment=INVESTMENTS)
    def a_bot_gets_more_or_less_money(self, data: st.DataObject, investment: str) -> None:
        bot_id = data.draw(st.sampled_from(self.bots))
        changes = BotChanges(params={"investment": investment})
        self.try_to(lambda: self.stage.desk.change(USER, bot_id, changes))

    @precondition(lambda self: len(self.bots) > 1)
    @rule(data=st.data())
    def a_bot_is_deleted(self, data: st.DataObject) -> None:
        bot_id = data.draw(st.sampled_from(self.bots))

        async def delete() -> None:
            await self.stage.desk.delete(USER, bot_id)
            self.bots.remove(bot_id)

        self.try_to(delete)

    @rule(data=st.data())
    def one_bot_decides(self, data: st.DataObject) -> None:
        waiting = self.do(self.stage.waiting())
        if waiting:
            self.do(self.stage.advance(data.draw(st.sampled_from(waiting))))

    @rule()
    def everything_comes_to_rest(self) -> None:
        self.do(self.stage.calm())

    @rule(price=st.integers(53_000, 67_000), quantity=st.sampled_from([None, "0.003", "0.1"]))
    def the_market_trades(self, price: int, quantity: str | None) -> None:
        self.exchange.move(SYMBOL, D(price), None if quantity is None else D(quantity))

    @rule(data=st.data())
    def one_order_is_heard_of(self, data: st.DataObject) -> None:
        live = self.do(self.stage.live())
        if live:
            order = live[data.draw(st.integers(0, len(live) - 1))]
            self.do(self.stage.executor.look_up(order))

    @rule(
        data=st.data(),
        side=st.sampled_from(["buy", "sell"]),
        quantity=st.sampled_from(["0.001", "0.05", "0.7"]),
        price=st.sampled_from([None, 53_000, 60_000, 67_000]),
    )
    def its_owner_places_an_order(
        self, data: st.DataObject, side: str, quantity: str, price: int | None
    ) -> None:
        body = PlaceOrder.model_validate(
            {
                "bot_id": data.draw(st.sampled_from(self.bots)),
                "symbol": SYMBOL,
                "side": side,
                "type": "market" if price is None else "limit",
                "quantity": quantity,
                "price": price,
            }
        )
        self.try_to(lambda: self.stage.orders.place_manual(USER, body))

    @rule(data=st.data())
    def its_owner_cancels_an_order(self, data: st.DataObject) -> None:
        live = self.do(self.stage.live())
        if live:
            order = live[data.draw(st.integers(0, len(live) - 1))]
            self.try_to(lambda: self.stage.orders.cancel(USER, order.id))

    @rule(asset=st.sampled_from(["USDT", "BTC", "ETH"]), quantity=st.sampled_from(["0.3", "1000"]))
    def something_comes_in(self, asset: str, quantity: str) -> None:
        self.from_outside(asset, D(quantity))

    @rule(asset=st.sampled_from(["USDT", "BTC"]))
    def half_of_what_is_free_goes_out_and_is_noticed(self, asset: str) -> None:
        self.do(self.stage.calm())
        there = self.exchange.account(self.stage.account_id).balances[asset]
        half = min(self.do(self.stage.free(asset)), there.free) / 2
        if half > 0:
            self.from_outside(asset, -half)
            for _ in range(2):
                self.the_auditor_looks()

    def from_outside(self, asset: str, quantity: Decimal) -> None:
        self.exchange.account(self.stage.account_id).change(asset, quantity)
        coins = {**self.outside[-1]}
        coins[asset] = coins.get(asset, D(0)) + quantity
        self.outside.append(coins)

    @rule(price=st.sampled_from([None, 56_000, 60_000, 64_000]))
    def the_auditor_looks(self, price: int | None = None) -> None:
        """When all orders are compared; and just then, perhaps, the market trades."""
        self.stage.clock.advance(400)
        self.do(self.stage.hear())
        if price is not None:
            self.exchange.move(SYMBOL, D(price), D("0.003"))
        self.do(self.stage.auditor.compare(self.stage.account_id, self.stage.session()))

    @invariant()
    def books_and_trades_on_their_way_are_all_there_is(self) -> None:
        if not hasattr(self, "stage"):
            return
        ours = together(self.do(self.stage.owned()), self.do(self.on_their_way()))
        there = totals(self.exchange.account(self.stage.account_id).balances)
        pending, total = compared(ours, there), self.outside[-1]
        for asset in {*pending, *total}:
            # What came in is counted in whole, up to some moment; nothing else ever differs.
            since = {total.get(asset, D(0)) - then.get(asset, D(0)) for then in self.outside}
            assert pending.get(asset, D(0)) in since, asset

    @invariant()
    def nobody_owns_less_than_nothing(self) -> None:
        if not hasattr(self, "stage"):
            return
        for pocket, amount in self.do(self.stage.owned()).items():
            assert amount >= 0, pocket

    async def on_their_way(self) -> Moves:
        """What trades move that the exchange has made and nobody has counted in yet."""
        query = text(
            "SELECT o.bot_id, o.origin, o.client_order_id, "
            "array_remove(array_agg(f.exchange_trade_id), NULL) AS told "
            "FROM orders o LEFT JOIN fills f ON f.order_id = o.id GROUP BY o.id"
        )
        async with self.stage.database.begin() as connection:
            found = {row.client_order_id: row for row in await connection.execute(query)}
        moves = []
        for order in self.exchange.account(self.stage.account_id).orders:
            row = found[order.request.client_order_id]
            new = [trade for trade in order.trades if trade.trade_id not in row.told]
            moves.append(of_trades(row.bot_id, row.origin, SYMBOL, new))
        return together(*moves)

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        try:
            self.do(self.stage.calm())
            for _ in range(2):
                self.the_auditor_looks()
            self.do(self.stage.assert_books_equal_balances())
            self.every_warning_was_about_something()
            self.no_bot_ran_out_of_its_own_money()
        finally:
            self.do(self.empty())
            self.do(self.stack.aclose())
            self.loop.close()

    def every_warning_was_about_something(self) -> None:
        assert len(self.do(self.stage.warnings())) <= len(self.outside) - 1

    def no_bot_ran_out_of_its_own_money(self) -> None:
        """The exchange never had to refuse what our books allowed, nor our books a strategy."""

        async def refused() -> list[Any]:
            async with self.stage.database.begin() as connection:
                by_exchange = text(
                    "SELECT slot, reason FROM orders WHERE code = 'insufficient_funds' "
                    "AND sign_timestamp_ms IS NOT NULL"
                )
                by_us = text(
                    "SELECT event FROM bot_steps WHERE event LIKE '%OrderRefused%"
                    "insufficient_funds%'"
                )
                return [
                    *(await connection.execute(by_exchange)),
                    *(await connection.execute(by_us)),
                ]

        assert self.do(refused()) == []

    async def empty(self) -> None:
        async with self.stage.database.begin() as connection:
            await connection.execute(text(EMPTY))


@pytest.mark.timeout(300)
def test_the_books_are_the_balances_whatever_happens_in_whatever_order(database_url: str) -> None:
    class Machine(AnAccountWithSeveralBots):
        url = database_url

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=12,
            phases=(Phase.explicit, Phase.generate),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
