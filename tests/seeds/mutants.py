"""Bugs planted on purpose: each is a mistake somebody makes, and a seed must catch it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias
from unittest.mock import patch

from sqlalchemy import bindparam, select

from tests.seeds.database import SeededDriver
from tests.seeds.script import live
from tests.seeds.world import Life
from tradingbot.bots import codec, runner_repository
from tradingbot.bots.inbox import Inbox
from tradingbot.bots.models import bots
from tradingbot.exchanges.ports import (
    OrderReport,
    OrderRequest,
    PlaceAnswer,
    Refused,
    Trade,
    Unclear,
)
from tradingbot.kit.statement import Driver, Statement
from tradingbot.ledger import repository as ledger
from tradingbot.ledger.moves import Moves, Pocket, of_trades
from tradingbot.orders import applier, repository
from tradingbot.orders.executor import RECV_WINDOW_MS, Executor, _request
from tradingbot.orders.models import Order
from tradingbot.orders.ports import Ending
from tradingbot.orders.repository import NewOrder
from tradingbot.orders.resolver import Resolver
from tradingbot.trading.order import ON_BOOK, OrderStatus

Mutant: TypeAlias = Callable[[], AbstractContextManager[Any]]


def resends_after_not_found() -> AbstractContextManager[Any]:
    """Not found, so it cannot have arrived: send it again."""
    look_up = Executor.look_up

    async def sends_again(self: Executor, order: Order) -> OrderReport | None:
        report = await look_up(self, order)
        if report is None and order.status is OrderStatus.SENDING:
            session = await self._sessions.of(order.account_id)
            await session.place(_request(order))
        return report

    return patch.object(Executor, "look_up", sends_again)


def applies_a_fill_twice() -> AbstractContextManager[Any]:
    """A trade is what it says, not which one it is."""
    add_fills = repository.add_fills

    async def adds_all(driver: Driver, order: Order, trades: Sequence[Trade]) -> list[Trade]:
        new = await add_fills(driver, order, trades)
        again = [trade for trade in trades if trade not in new]
        row = await driver.fetchrow("SELECT count(*) AS fills FROM fills")
        assert row is not None
        named = [replace(trade, trade_id=f"{trade.trade_id}/{row[0]}") for trade in again]
        return [*new, *await add_fills(driver, order, named)]

    return patch.object(repository, "add_fills", adds_all)


def acts_before_the_commit() -> AbstractContextManager[Any]:
    """One transaction around all of it: claimed, sent, answered, committed."""

    async def place(self: Executor, order: Order) -> None:
        session = await self._sessions.of(order.account_id)
        await session.ready_to_place()
        signed_at = await self._signing_time(order.account_id)
        async with self._database.driving() as driver:
            claimed = await repository.claim_to_send(driver, order.id, signed_at, RECV_WINDOW_MS)
            if claimed is None:
                return
            answer = await session.place(_request(claimed))
        await answered(self, claimed, answer)

    return patch.object(Executor, "place", place)


async def answered(executor: Executor, order: Order, answer: PlaceAnswer) -> None:
    if isinstance(answer, Refused):
        await executor._applier.refuse(order.id, answer)
    elif not isinstance(answer, Unclear):
        await executor.take_in(order.account_id, answer.report)


def signs_when_it_sends() -> AbstractContextManager[Any]:
    """The timestamp should be fresh, or the exchange might refuse it."""
    send = Executor._send

    async def freshly(self: Executor, session: Any, claimed: Order) -> Order:
        signed_at = await self._signing_time(claimed.account_id)
        return await send(self, session, replace(claimed, sign_timestamp_ms=signed_at))

    return patch.object(Executor, "_send", freshly)


def takes_an_unclear_answer_for_a_no() -> AbstractContextManager[Any]:
    """An exception was raised, so the order failed."""
    send = Executor._send

    async def believes(self: Executor, session: Any, claimed: Order) -> Order:
        return await send(self, Believing(session), claimed)  # type: ignore[arg-type]  # all it asks for

    return patch.object(Executor, "_send", believes)


class Believing:
    def __init__(self, session: Any) -> None:
        self._session = session

    async def place(self, request: OrderRequest) -> PlaceAnswer:
        answer: PlaceAnswer = await self._session.place(request)
        if isinstance(answer, Unclear):
            return Refused("failed", "", answer.message)
        return answer


def takes_not_found_for_not_placed() -> AbstractContextManager[Any]:
    """It was looked up, and it is not there."""

    async def resolve(self: Resolver, order: Order) -> None:
        if await self._executor.look_up(order) is None:
            await self._applier.prove_absent(order.id)

    return patch.object(Resolver, "resolve", resolve)


def forgets_the_engine() -> AbstractContextManager[Any]:
    """What is not there once the window is over was never let in."""

    async def left(self: Resolver, order: Order) -> float:
        assert order.sign_timestamp_ms is not None
        return order.sign_timestamp_ms + RECV_WINDOW_MS - await self._exchange_ms(order)

    return patch.object(Resolver, "_ms_to_fence", left)


def takes_not_found_for_cancelled() -> AbstractContextManager[Any]:
    """The exchange knows no such open order, so it is cancelled."""

    async def cancel(self: Executor, order: Order) -> None:
        if order.status is OrderStatus.PLANNED:
            await self._applier.drop(order.id)
        elif order.status in ON_BOOK and order.exchange_order_id is not None:
            session = await self._sessions.of(order.account_id)
            report = await session.cancel(order.symbol, order.exchange_order_id)
            await self.take_in(order.account_id, report or as_cancelled(order, self))

    return patch.object(Executor, "cancel", cancel)


def as_cancelled(order: Order, executor: Executor) -> OrderReport:
    return OrderReport(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id or "",
        status=OrderStatus.CANCELLED,
        filled_quantity=order.filled_quantity,
        filled_cost=order.filled_cost,
        at=executor._clock.now(),
    )


def believes_an_end_before_its_fills() -> AbstractContextManager[Any]:
    """The exchange says it is over, so it is."""

    def at_once(_: Order, report: OrderReport, __: Decimal) -> OrderStatus:
        return report.status

    return patch.object(applier, "next_status", at_once)


def claims_what_is_claimed() -> AbstractContextManager[Any]:
    """Claiming notes that it is being sent; who looked first does not matter."""

    async def claim(driver: Driver, order_id: int, signed_at: int, window: int) -> Order | None:
        stamp = {"sign_timestamp_ms": signed_at, "recv_window_ms": window}
        return repository._maybe(await CLAIM_ANY.row(driver, id=order_id, **stamp))

    return patch.object(repository, "claim_to_send", claim)


CLAIM_ANY = repository._update(
    repository._own("id"),
    status="sending",
    check_after=repository.LOOK_FOR_ANSWER,
    **repository.STAMP,
)


def loses_an_event() -> AbstractContextManager[Any]:
    """Of several events that wait, the newest says it all."""
    take = runner_repository.take

    async def newest(driver: Driver, bot_id: int, limit: int) -> list[str]:
        return (await take(driver, bot_id, limit))[-1:]

    return patch.object(runner_repository, "take", newest)


def tells_an_event_twice() -> AbstractContextManager[Any]:
    """An event is removed once it has been dealt with: afterwards, by itself."""
    take, put = runner_repository.take, runner_repository.put

    async def keeping(driver: Driver, bot_id: int, limit: int) -> list[str]:
        told = await take(driver, bot_id, limit)
        row = await driver.fetchrow("SELECT count(*) AS steps FROM bot_steps")
        assert row is not None
        if told and row[0] % 5 == 0:  # who did it died before it could remove it
            await put(driver, bot_id, told[0])
        return told

    return patch.object(runner_repository, "take", keeping)


def tells_of_an_end_after_the_commit() -> AbstractContextManager[Any]:
    """The order is over first; its bot hears of it next."""
    committed = Inbox.committed

    async def later(self: Any, driver: SeededDriver, order: Order, ending: Ending) -> None:
        self.__dict__.setdefault("owed", {})[order.id] = (driver, ending)

    async def now(self: Any, order: Order) -> None:
        driver, ending = self.__dict__.get("owed", {}).pop(order.id, (None, None))
        if driver is not None and order.origin == "bot":
            async with driver._database.asking() as another:
                await runner_repository.put(another, order.bot_id, codec.dump_event(ending))
        await committed(self, order)

    return patch.multiple(Inbox, order_ended=later, committed=now)


def steps_without_its_lease() -> AbstractContextManager[Any]:
    """It was mine when I claimed it."""

    async def lock(driver: Driver, bot_id: int, *_: object) -> runner_repository.BotRow | None:
        row = await LOCK_ANY.row(driver, id=bot_id)
        return None if row is None else runner_repository.BotRow(**dict(row.items()))

    return patch.object(runner_repository, "lock", lock)


LOCK_ANY = Statement(
    select(*runner_repository.ROW).where(bots.c.id == bindparam("id")).with_for_update()
)


def plans_outside_the_step() -> AbstractContextManager[Any]:
    """An order is planned when it is decided on; the state is saved with the rest."""
    plan = repository.plan

    async def beside(driver: SeededDriver, planned: Sequence[NewOrder]) -> list[Order]:
        if not planned:
            return []
        async with driver._database.driving() as another:
            return await plan(another, planned)

    return patch.object(repository, "plan", beside)


def moves_money_with_every_report() -> AbstractContextManager[Any]:
    """A report's trades say what changed hands, whether or not they were counted in before."""
    apply = applier.Applier._apply

    async def moves_all(
        self: applier.Applier, driver: Driver, order: Order, report: OrderReport
    ) -> applier.Applied:
        before = {row["exchange_trade_id"] for row in await driver.fetch(FILLS_OF, order.id)}
        again = [trade for trade in report.trades if trade.trade_id in before]
        moves = of_trades(order.bot_id, order.origin, order.symbol, again)
        await ledger.move(driver, order.account_id, moves)
        return await apply(self, driver, order, report)

    return patch.object(applier.Applier, "_apply", moves_all)


FILLS_OF = "SELECT exchange_trade_id FROM fills WHERE order_id = $1"


def moves_money_beside_the_transaction() -> AbstractContextManager[Any]:
    """Books are kept beside the orders; what counts is that they are kept."""
    move = ledger.move

    async def beside(on: SeededDriver, account_id: int, moves: Moves) -> Mapping[Pocket, Decimal]:
        if not moves:
            return {}
        async with on._database.driving() as another:
            return await move(another, account_id, moves)

    return patch.object(ledger, "move", beside)


MUTANTS: Sequence[Mutant] = (
    resends_after_not_found,
    applies_a_fill_twice,
    acts_before_the_commit,
    signs_when_it_sends,
    takes_an_unclear_answer_for_a_no,
    takes_not_found_for_not_placed,
    forgets_the_engine,
    takes_not_found_for_cancelled,
    believes_an_end_before_its_fills,
    claims_what_is_claimed,
    loses_an_event,
    tells_an_event_twice,
    tells_of_an_end_after_the_commit,
    steps_without_its_lease,
    plans_outside_the_step,
    moves_money_with_every_report,
    moves_money_beside_the_transaction,
)


def first_caught(mutant: Mutant, seeds: Iterable[int]) -> Life | None:
    """The first life in which the planted bug breaks something; None when it never does."""
    with mutant():
        return next((life for seed in seeds if (life := live(seed)).broken is not None), None)
