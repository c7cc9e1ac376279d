"""What is Bybit's own: acknowledged is not accepted, queries forget, ids have an order of rank."""

from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt_async
import pytest

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.bybit_orders import RAW, S, eventually, found, in_history
from tests.paper.clients import trading
from tests.paper.market import move
from tests.paper.server import running_paper_exchange
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio


async def realtime(bybit: Any, **asked: Any) -> list[Any]:
    answer = await bybit.privateGetV5OrderRealtime({"category": "spot", **asked})
    return list(answer["result"]["list"])


async def test_an_acknowledged_order_is_not_there_yet_but_holds_its_money(
    bybit: Any, paper: PaperExchange
) -> None:
    paper.bybit.engine.gate.clear()
    params = {"clientOrderId": "mine"}
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, params)
    assert await realtime(bybit) == []
    assert await realtime(bybit, orderId=order["id"]) == []
    assert await realtime(bybit, orderLinkId="mine") == []
    assert (await bybit.fetch_balance())["USDT"]["used"] == 50
    paper.bybit.engine.gate.set()
    await found(bybit, order, "New")
    assert len(await realtime(bybit)) == 1


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_a_post_only_order_that_would_take_is_acknowledged_and_then_cancelled(
    bybit: Any, side: str
) -> None:
    price = 61_000 if side == "buy" else 59_000
    order = await bybit.create_order(S, "limit", side, 0.001, price, {"postOnly": True})
    gone = await found(bybit, order, "Cancelled")
    assert gone["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
    assert (gone["info"]["timeInForce"], gone["filled"]) == ("PostOnly", 0)
    assert (await in_history(bybit, order))["status"] == "canceled"
    assert await bybit.fetch_my_trades(S) == []
    assert {held["locked"] for held in await coins(bybit)} == {"0"}


async def coins(bybit: Any) -> list[Any]:
    answer = await bybit.privateGetV5AccountWalletBalance({"accountType": "UNIFIED"})
    return list(answer["result"]["list"][0]["coin"])


async def test_a_post_only_order_that_does_not_take_rests(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "sell", 0.001, 70_000, {"postOnly": True})
    assert (await found(bybit, order, "New"))["info"]["rejectReason"] == "EC_NoError"


async def test_an_edit_that_makes_a_post_only_order_take_cancels_it(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, {"postOnly": True})
    await found(bybit, order, "New")
    await bybit.edit_order(order["id"], S, "limit", "buy", None, 61_000)
    gone = await found(bybit, order, "Cancelled")
    assert gone["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"


async def test_what_can_no_longer_be_paid_when_its_turn_comes_is_rejected(
    bybit: Any, paper: PaperExchange
) -> None:
    paper.bybit.engine.gate.clear()
    order = await bybit.create_order(S, "market", "buy", 1.6)
    move(paper, S, "65000")
    paper.bybit.engine.gate.set()
    rejected = await found(bybit, order, "Rejected")
    assert (rejected["status"], rejected["filled"]) == ("rejected", 0)
    assert (await bybit.fetch_balance())["USDT"]["free"] == 100_000


async def after_all_that_waits(bybit: Any, paper: PaperExchange) -> None:
    paper.bybit.engine.gate.set()
    last = await bybit.create_order("ETH/USDT", "limit", "buy", 0.01, 2_000)
    await found(bybit, last, "New")


async def test_a_cancel_is_acknowledged_and_the_order_fills_first(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 59_000)
    await found(bybit, order, "New")
    paper.bybit.engine.gate.clear()
    assert (await bybit.cancel_order(order["id"], S))["id"] == order["id"]
    move(paper, S, "58000")
    await after_all_that_waits(bybit, paper)
    assert (await found(bybit, order))["info"]["orderStatus"] == "Filled"


async def test_an_edit_is_acknowledged_and_the_order_fills_first(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 59_000)
    await found(bybit, order, "New")
    paper.bybit.engine.gate.clear()
    await bybit.edit_order(order["id"], S, "limit", "buy", 0.002, 58_500)
    move(paper, S, "58900")
    await after_all_that_waits(bybit, paper)
    filled = await found(bybit, order)
    assert (filled["status"], filled["amount"], filled["average"]) == ("closed", 0.001, 59_000)


async def test_an_order_may_be_cancelled_before_it_is_there(
    bybit: Any, paper: PaperExchange
) -> None:
    paper.bybit.engine.gate.clear()
    order = await bybit.create_order(S, "limit", "buy", 0.001, 59_000)
    await bybit.cancel_order(order["id"], S)
    paper.bybit.engine.gate.set()
    await found(bybit, order, "Cancelled")
    assert await bybit.fetch_open_orders(S) == []


async def test_what_waits_can_be_cancelled_by_way_of_the_other_exchange(
    bybit: Any, paper: PaperExchange
) -> None:
    paper.bybit.engine.gate.clear()
    order = await bybit.create_order(S, "limit", "buy", 0.001, 61_000)
    async with trading(paper.url) as binance:
        (waiting,) = await binance.fetch_open_orders(S)
        await binance.cancel_order(waiting["id"], S)
    paper.bybit.engine.gate.set()
    assert (await found(bybit, order, "Cancelled"))["filled"] == 0


async def test_an_edited_partly_filled_order_keeps_what_it_has(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.003, 59_000)
    await found(bybit, order, "New")
    move(paper, S, "59000", "0.001")
    await found(bybit, order, "PartiallyFilled")
    edit = {"category": "spot", "symbol": "BTCUSDT", "orderId": order["id"]}
    with pytest.raises(ccxt_async.ExchangeError, match="170313"):
        await bybit.privatePostV5OrderAmend(edit | {"qty": "0.001"})
    await bybit.privatePostV5OrderAmend(edit | {"qty": "0.002", "price": "58000"})
    await after_all_that_waits(bybit, paper)
    (left,) = await bybit.fetch_open_orders(S)
    assert (left["filled"], left["remaining"], left["price"]) == (0.001, 0.001, 58_000)
    assert (await bybit.fetch_balance())["USDT"]["used"] == 58 + 20
    move(paper, S, "57000")
    filled = await found(bybit, order, "Filled")
    assert (filled["cost"], filled["filled"]) == (59 + 58, 0.002)


async def test_the_trigger_of_a_sleeping_order_can_be_edited(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "market", "sell", 0.1, params={"stopLossPrice": 55_000})
    await found(bybit, order, "Untriggered")
    edit = {"category": "spot", "symbol": "BTCUSDT", "orderId": order["id"]}
    await bybit.privatePostV5OrderAmend(edit | {"triggerPrice": "65000"})
    await after_all_that_waits(bybit, paper)
    move(paper, S, "54000")
    assert (await found(bybit, order))["info"]["orderStatus"] == "Untriggered"
    move(paper, S, "66000")
    await found(bybit, order, "Filled")


async def test_a_triggered_order_that_is_edited_holds_what_its_new_terms_need(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.1, 61_500, {"triggerPrice": 62_000})
    await found(bybit, order, "Untriggered")
    move(paper, S, "63000")
    await found(bybit, order, "New")
    await bybit.edit_order(order["id"], S, "limit", "buy", 0.2, 61_000)

    async def used() -> float:
        return float((await bybit.fetch_balance())["USDT"]["used"])

    await eventually(used, 12_200)


async def test_an_id_beats_a_client_id_and_that_beats_a_market(bybit: Any) -> None:
    first, second = [
        await bybit.create_order(S, "limit", "buy", 0.001, price, {"clientOrderId": name})
        for name, price in (("first", 50_000), ("second", 51_000))
    ]
    await found(bybit, second, "New")
    for asked, ids in (
        ({"orderId": first["id"], "orderLinkId": "second"}, [first["id"]]),
        ({"orderLinkId": "first", "symbol": "ETHUSDT"}, [first["id"]]),
        ({"orderId": "None", "orderLinkId": "first"}, []),
        ({"orderId": "", "orderLinkId": "first"}, []),
        ({"orderLinkId": "nobody", "symbol": "BTCUSDT"}, []),
        # What it does not know it overlooks, and answers what was not asked.
        ({"clientOrderId": "first", "symbol": "BTCUSDT"}, [second["id"], first["id"]]),
        ({"symbol": "ETHUSDT"}, []),
        ({"baseCoin": "BTC"}, [second["id"], first["id"]]),
    ):
        assert [order["orderId"] for order in await realtime(bybit, **asked)] == ids, asked
    cancel = {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": "second"}
    await bybit.privatePostV5OrderCancel({**cancel, "orderId": first["id"]})
    await found(bybit, first, "Cancelled")
    assert [order["orderId"] for order in await realtime(bybit)] == [second["id"]]


async def test_orders_need_no_client_id(bybit: Any) -> None:
    for _ in range(2):
        await bybit.privatePostV5OrderCreate(RAW)
    told = (await bybit.privatePostV5OrderCreate({**RAW, "orderLinkId": None}))["result"]
    assert told["orderLinkId"] == ""
    await found(bybit, {"id": told["orderId"], "symbol": S}, "New")
    assert len(await realtime(bybit)) == 3


async def test_a_restart_clears_what_real_time_queries_know_of_the_past(tmp_path: Path) -> None:
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0) as paper,
        trading_on_bybit(paper.url) as bybit,
    ):
        closed = await bybit.create_order(S, "market", "buy", 0.001)
        kept = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
        await found(bybit, kept, "New")
        before = await found(bybit, closed, "Filled")
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0) as paper,
        trading_on_bybit(paper.url) as bybit,
    ):
        assert await realtime(bybit, orderId=closed["id"]) == []
        assert [order["orderId"] for order in await realtime(bybit)] == [kept["id"]]
        assert (await in_history(bybit, closed))["info"] == before["info"]
        assert len(await bybit.fetch_my_trades(S)) == 1


async def test_an_order_acknowledged_before_a_restart_meets_the_market_after_it(
    tmp_path: Path,
) -> None:
    async with (
        running_paper_exchange(
            tmp_path, prints_per_second=0.0, bybit_engine_seconds=3_600.0
        ) as paper,
        trading_on_bybit(paper.url) as bybit,
    ):
        market = await bybit.create_order(S, "market", "buy", 0.001)
        limit = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
        taking = await bybit.create_order(S, "limit", "buy", 0.001, 61_000, {"postOnly": True})
        stop = await bybit.create_order(S, "market", "sell", 0.1, params={"stopLossPrice": 55_000})
        assert await realtime(bybit) == []
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0) as paper,
        trading_on_bybit(paper.url) as bybit,
    ):
        await found(bybit, market, "Filled")
        await found(bybit, limit, "New")
        await found(bybit, taking, "Cancelled")
        await found(bybit, stop, "Untriggered")
        assert paper.venue.account(next(iter(paper.venue.ledger.accounts))).open[S].keys() == {2, 4}
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0) as paper,
        trading_on_bybit(paper.url) as bybit,
    ):
        ids = {order["orderId"] for order in await realtime(bybit)}
        assert ids == {limit["id"], stop["id"]}
        assert await in_history(bybit, market)
        gone = await in_history(bybit, taking)
        assert gone["info"]["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
        move(paper, S, "49000")
        await found(bybit, limit, "Filled")
        await found(bybit, stop, "Filled")
