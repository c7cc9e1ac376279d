"""What the paper Bybit still shows of the past: it lags, forgets, and comes in pages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ccxt.async_support as ccxt_async
import pytest

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.bybit_orders import S, found, in_history
from tests.paper.clock import MovableClock
from tests.paper.test_bybit_semantics import realtime
from tradingbot.paper import bybit_engine
from tradingbot.paper.options import PaperOptions
from tradingbot.paper.server import PaperExchange, listening

pytestmark = pytest.mark.anyio


async def test_closed_orders_are_shown_on_request_and_only_the_latest(
    bybit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bybit_engine, "CLOSED_KEPT", 2)
    placed = [await bybit.create_order(S, "market", "buy", 0.001) for _ in range(3)]
    await found(bybit, placed[-1], "Filled")
    ids = [order["orderId"] for order in await realtime(bybit, openOnly=1)]
    assert ids == [placed[2]["id"], placed[1]["id"]]
    assert await realtime(bybit, openOnly=0) == []
    assert await realtime(bybit, orderId=placed[0]["id"]) == []
    assert len(await realtime(bybit, orderId=placed[1]["id"])) == 1
    assert (await in_history(bybit, placed[0]))["status"] == "closed"


async def test_kinds_of_orders_can_be_asked_for(bybit: Any) -> None:
    plain = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
    stop = await bybit.create_order(S, "limit", "buy", 0.001, 61_500, {"triggerPrice": 62_000})
    tpsl = await bybit.create_order(S, "market", "sell", 0.1, params={"stopLossPrice": 55_000})
    await found(bybit, tpsl, "Untriggered")
    for kind, order in (("Order", plain), ("StopOrder", stop), ("tpslOrder", tpsl)):
        (shown,) = await realtime(bybit, orderFilter=kind)
        assert shown["orderId"] == order["id"]
    assert len(await realtime(bybit)) == 3


@pytest.fixture
async def ageing(tmp_path: Path) -> AsyncIterator[tuple[PaperExchange, MovableClock]]:
    clock = MovableClock()
    options = PaperOptions(data_dir=tmp_path, prints_per_second=0.0, bybit_history_lag_seconds=60.0)
    async with listening(options, clock) as paper:
        yield paper, clock


def let_pass(bybit: Any, clock: MovableClock, span: timedelta) -> None:
    clock.ahead += span
    bybit.options["timeDifference"] -= int(span.total_seconds() * 1000)


async def test_history_lags_and_holds_closed_orders_only(
    ageing: tuple[PaperExchange, MovableClock],
) -> None:
    paper, clock = ageing
    async with trading_on_bybit(paper.url) as bybit:
        bybit.options["timeDifference"] = 0
        await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
        order = await bybit.create_order(S, "market", "buy", 0.001)
        await found(bybit, order, "Filled")
        assert await bybit.fetch_closed_orders(S) == []
        let_pass(bybit, clock, timedelta(minutes=2))
        (listed,) = await bybit.fetch_canceled_and_closed_orders(S)
        assert listed["id"] == order["id"]


async def test_history_forgets_what_was_cancelled_without_a_fill_after_a_day(
    ageing: tuple[PaperExchange, MovableClock],
) -> None:
    paper, clock = ageing
    async with trading_on_bybit(paper.url) as bybit:
        bybit.options["timeDifference"] = 0
        filled = await bybit.create_order(S, "market", "buy", 0.001)
        order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
        await bybit.cancel_order(order["id"], S)
        await found(bybit, order, "Cancelled")
        let_pass(bybit, clock, timedelta(hours=23))
        assert len(await bybit.fetch_canceled_and_closed_orders(S)) == 2
        let_pass(bybit, clock, timedelta(hours=2))
        (left,) = await bybit.fetch_canceled_and_closed_orders(S)
        assert left["id"] == filled["id"]


async def test_the_past_is_asked_for_in_spans_of_seven_days(
    ageing: tuple[PaperExchange, MovableClock],
) -> None:
    paper, clock = ageing
    day = 86_400_000
    async with trading_on_bybit(paper.url) as bybit:
        bybit.options["timeDifference"] = 0
        order = await bybit.create_order(S, "market", "buy", 0.001)
        filled = await found(bybit, order, "Filled")
        at = filled["lastTradeTimestamp"]
        let_pass(bybit, clock, timedelta(days=8))
        assert await bybit.fetch_my_trades(S) == []
        for since, until, count in (
            (at, None, 1),
            (at + 1, None, 0),
            (at - 7 * day, None, 1),
            (at - 7 * day - 1, None, 0),
            (None, at, 1),
            (None, at - 1, 0),
            (None, at + 7 * day, 1),
            (None, at + 7 * day + 1, 0),
            (at - day, at + day, 1),
        ):
            params = {} if until is None else {"endTime": until}
            trades = await bybit.fetch_my_trades(S, since, params=params)
            assert len(trades) == count, (since, until)
        for start, end in ((at, at + 7 * day + 1), (at, at - 1)):
            with pytest.raises(ccxt_async.BadRequest, match="10001"):
                await bybit.fetch_my_trades(S, start, params={"endTime": end})
        # An order's own id makes it overlook when.
        assert len(await bybit.fetch_order_trades(order["id"], S)) == 1


async def test_pages_hang_together_while_new_things_happen(bybit: Any) -> None:
    for _ in range(5):
        await bybit.create_order(S, "market", "buy", 0.001)
    late = await bybit.create_order("ETH/USDT", "market", "buy", 0.01)
    await found(bybit, late, "Filled")
    listed = (await bybit.privateGetV5ExecutionList({"category": "spot"}))["result"]["list"]
    whole = [execution["execId"] for execution in listed]
    assert len(whole) == 6
    seen: list[str] = []
    cursor = ""
    while True:
        asked = {"category": "spot", "limit": 2, **({"cursor": cursor} if cursor else {})}
        result = (await bybit.privateGetV5ExecutionList(asked))["result"]
        seen += [execution["execId"] for execution in result["list"]]
        newer = await bybit.create_order(S, "market", "buy", 0.001)
        await found(bybit, newer, "Filled")
        # As it was told, or decoded by a library in between.
        cursor = quote(result["nextPageCursor"]) if len(seen) == 2 else result["nextPageCursor"]
        if not cursor:
            break
    assert seen == whole
    with pytest.raises(ccxt_async.BadRequest, match="10001"):
        await bybit.privateGetV5ExecutionList({"category": "spot", "cursor": "somewhere"})


async def test_open_orders_come_in_pages(bybit: Any) -> None:
    placed = [await bybit.create_order(S, "limit", "buy", 0.001, 50_000) for _ in range(3)]
    await found(bybit, placed[-1], "New")
    asked = {"category": "spot", "limit": 2}
    first = (await bybit.privateGetV5OrderRealtime(asked))["result"]
    asked["cursor"] = first["nextPageCursor"]
    second = (await bybit.privateGetV5OrderRealtime(asked))["result"]
    ids = [order["orderId"] for order in [*first["list"], *second["list"]]]
    assert ids == [order["id"] for order in reversed(placed)]
    assert second["nextPageCursor"] == ""
