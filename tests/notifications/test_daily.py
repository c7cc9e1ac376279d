"""The morning summary: once for each user and day, with what was really traded."""

import asyncio
from asyncio import Barrier
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text

from tests.notifications.conftest import a_user
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.bots.models import bots
from tradingbot.exchanges.models import exchange_accounts
from tradingbot.kit.database import Connection, Database, DatabaseUnreachable
from tradingbot.kit.queue import Item
from tradingbot.notifications import daily_repository, repository, router
from tradingbot.notifications.daily import DailySummaries
from tradingbot.notifications.daily_repository import Trade
from tradingbot.notifications.day import Day, facts
from tradingbot.notifications.models import deliveries, notifications
from tradingbot.notifications.router import Router
from tradingbot.trading.order import Side
from tradingbot.trading.position import Fill

_add = repository.add
NINE = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@dataclass
class At:
    moment: datetime

    def now(self) -> datetime:
        return self.moment


def trade(bot_id: int, side: Side, price: int, hours_ago: float, symbol: str = "BTC/USDT") -> Trade:
    fill = Fill(side, Decimal(price), Decimal(1), Decimal("0.1"), symbol.partition("/")[2])
    return Trade(bot_id, symbol, NINE - timedelta(hours=hours_ago), fill)


def test_a_day_counts_what_was_sold_in_it_at_what_it_was_bought_for_before() -> None:
    trades = [
        trade(1, Side.BUY, 100, 60),
        trade(2, Side.BUY, 100, 50),
        trade(1, Side.SELL, 112, 5),
        trade(2, Side.SELL, 95, 4),
        trade(2, Side.BUY, 7, 3, "ETH/BTC"),
    ]
    told = facts(Day(trades, NINE), {1: "Good", 2: "Weak"}, open_orders=4)
    # Bought for 100 and a fee of 0.1, sold less 0.1.
    assert (told["fills"], told["profit"], told["profit_currency"]) == (3, "6.6", "USDT")
    assert (told["best_bot"], told["best_profit"]) == ("Good", "11.8")
    assert (told["worst_bot"], told["worst_profit"]) == ("Weak", "-5.2")
    assert told["open_orders"] == 4
    assert told["fees_paid"] == "0.1 BTC, 0.2 USDT"
    assert len(told["curve"]) == 8
    assert told["curve"][0] == ["18.11.", "0"]
    assert told["curve"][-1] == ["25.11.", "6.6"]


def test_a_quiet_day_is_told_too() -> None:
    told = facts(Day([], NINE), {}, open_orders=0)
    assert (told["fills"], told["profit"], told["curve"]) == (0, "0", [])


def test_a_long_life_is_seen_over_thirty_days() -> None:
    trades = [trade(1, Side.BUY, 100, 24 * 50), trade(1, Side.SELL, 110, 24 * 45)]
    curve = facts(Day(trades, NINE), {}, 0)["curve"]
    assert len(curve) == 31
    assert {value for _, value in curve} == {"0"}


async def test_it_comes_once_after_nine_by_the_readers_clock(
    database: Database, redis_url: str
) -> None:
    berlin = await _reader(database, "anna@example.com", "Europe/Berlin")
    auckland = await _reader(database, "tane@example.com", "Pacific/Auckland")
    await a_user(database, "nobot@example.com")
    queue = RedisQueue(redis_url, "test")
    clock = At(datetime(2026, 11, 25, 7, 59, tzinfo=UTC))  # 8:59 in Berlin, 20:59 in Auckland
    try:
        one, two = (DailySummaries(database, Router(database, queue), clock) for _ in range(2))
        assert await one.sweep() == 1
        clock.moment = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
        assert await two.sweep() == 1
        assert await one.sweep() == 0
        assert await two.sweep() == 0
    finally:
        await queue.close()
    assert await _sources(database) == {
        f"daily:{auckland}:2026-11-25": auckland,
        f"daily:{berlin}:2026-11-25": berlin,
    }


async def test_nobody_is_told_of_the_day_before_they_came(
    database: Database, redis_url: str
) -> None:
    user_id = await _reader(database, "anna@example.com", "UTC")
    await _set(database, user_id, datetime(2026, 11, 25, 9, 30, tzinfo=UTC))
    queue = RedisQueue(redis_url, "test")
    try:
        summaries = DailySummaries(database, Router(database, queue), At(NINE + timedelta(hours=1)))
        assert await summaries.sweep() == 0
    finally:
        await queue.close()


async def test_what_one_persons_books_are_like_keeps_nobody_else_from_their_day(
    database: Database, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = await _reader(database, "odd@example.com", "UTC")
    anna = await _reader(database, "anna@example.com", "UTC")
    read = daily_repository.trades

    async def trades(connection: Connection, user_id: int, nine: datetime) -> list[Trade]:
        if user_id == odd:
            raise ValueError("no such figure")
        return list(await read(connection, user_id, nine))

    monkeypatch.setattr(daily_repository, "trades", trades)
    queue = RedisQueue(redis_url, "test")
    try:
        summaries = DailySummaries(database, Router(database, queue), At(NINE))
        assert await summaries.sweep() == 1
    finally:
        await queue.close()
    assert await _sources(database) == {f"daily:{anna}:2026-11-25": anna}


class Together(Router):
    """Nobody tells before as many have found that there is something to tell."""

    def __init__(self, database: Database, queue: RedisQueue, all_there: Barrier) -> None:
        super().__init__(database, queue)
        self._all_there = all_there

    async def handle(self, item: Item) -> None:
        await self._all_there.wait()
        await super().handle(item)


async def test_two_that_tell_at_once_tell_each_reader_once(
    database: Database, database_url: str, redis_url: str
) -> None:
    for number in range(5):
        await _reader(database, f"reader{number}@example.com", "UTC")
    queue, other, all_there = RedisQueue(redis_url, "test"), Database(database_url), Barrier(2)
    try:
        makers = [
            DailySummaries(own, Together(own, queue, all_there), At(NINE))
            for own in (database, other)
        ]
        async with asyncio.timeout(30):
            await asyncio.gather(*(maker.sweep() for maker in makers))
        assert await _told(database) == [1] * 5
    finally:
        await queue.close()
        await other.close()


@pytest.mark.parametrize("comes_next", ["another", "the same"])
@pytest.mark.parametrize("dies", ["before its commit", "before it notes that"])
async def test_whose_maker_is_cut_off_is_told_once_by_whoever_comes_next(
    database: Database, redis_url: str, dies: str, comes_next: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _reader(database, "anna@example.com", "UTC")
    queue, lost = RedisQueue(redis_url, "test"), dies == "before its commit"
    first, other = (DailySummaries(database, Router(database, queue), At(NINE)) for _ in range(2))
    second = first if comes_next == "the same" else other
    try:
        with monkeypatch.context() as dying:
            if lost:
                dying.setattr(repository, "add", _adding_dies(database))
            else:
                dying.setattr(router, "ring", _die)
            with pytest.raises((DatabaseUnreachable, Death)):
                await first.sweep()
        assert await _told(database) == ([] if lost else [1])
        assert await second.sweep() == (1 if lost else 0)
        assert [await each.sweep() for each in (first, other)] == [0, 0]
    finally:
        await queue.close()
    assert await _told(database) == [1]


class Death(BaseException):
    """Of a process, as far as one that lives on can show it."""


async def _die(*_: object) -> None:
    raise Death


def _adding_dies(database: Database) -> Callable[..., Awaitable[dict[str, int]]]:
    """PostgreSQL ends the connection when all is written and nothing committed."""

    async def add(connection: Connection, **values: Any) -> dict[str, int]:
        added = await _add(connection, **values)
        own = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with database.begin() as other:
            await other.execute(text("SELECT pg_terminate_backend(:own, 5000)"), {"own": own})
        return added

    return add


async def _told(database: Database) -> list[int]:
    """How often each was told, by deliveries, as a channel counts."""
    async with database.begin() as connection:
        query = (
            select(func.count(deliveries.c.id))
            .select_from(notifications.join(deliveries))
            .group_by(notifications.c.user_id)
        )
        return list((await connection.execute(query)).scalars())


async def _reader(database: Database, email: str, zone: str) -> int:
    user_id = await a_user(database, email)
    await _set(database, user_id, datetime(2026, 11, 1, tzinfo=UTC))
    async with database.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO notification_settings (user_id, enabled_events, timezone) "
                "VALUES (:user_id, '{daily_summary}', :zone)"
            ),
            {"user_id": user_id, "zone": zone},
        )
        account = {
            "user_id": user_id,
            "exchange": "binance",
            "mode": "paper",
            "name": "binance",
            "api_key_encrypted": "-",
            "api_secret_encrypted": "-",
            "api_key_hint": "abcd",
            "api_key_fingerprint": email,
        }
        new = insert(exchange_accounts).values(account).returning(exchange_accounts.c.id)
        account_id = (await connection.execute(new)).scalar_one()
        bot: dict[str, Any] = {
            "uid": email,
            "user_id": user_id,
            "account_id": account_id,
            "name": "My grid",
            "exchange": "binance",
            "strategy": "grid",
            "symbol": "BTC/USDT",
            "mode": "paper",
            "wanted": "stopped",
            "status": "stopped",
        }
        await connection.execute(insert(bots).values(bot))
    return user_id


async def _set(database: Database, user_id: int, since: datetime) -> None:
    async with database.begin() as connection:
        await connection.execute(
            text("UPDATE users SET created_at = :since WHERE id = :user_id"),
            {"since": since, "user_id": user_id},
        )


async def _sources(database: Database) -> dict[str, int]:
    async with database.begin() as connection:
        query = select(notifications.c.source_id, notifications.c.user_id)
        return {row[0]: row[1] for row in await connection.execute(query)}
