"""Unmodified ccxt over Bybit's REST interface: everything a trader does."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from ccxt.async_support import BadRequest

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.bybit_orders import S, eventually, found, in_history
from tests.paper.clients import trading
from tests.paper.market import move
from tradingbot.paper.journal import read
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio


async def test_markets_have_their_steps_and_limits(bybit: Any) -> None:
    market = bybit.market(S)
    assert (market["spot"], market["active"], market["margin"]) == (True, True, False)
    assert market["precision"] == {**market["precision"], "amount": 0.00001, "price": 0.01}
    assert market["limits"]["cost"]["min"] == 5
    assert set(bybit.markets) >= {S, "ETH/USDT", "SOL/USDT", "ETH/BTC", "FIL/USDT"}


async def test_time_is_the_wall_clock(bybit: Any) -> None:
    assert abs(await bybit.fetch_time() - bybit.milliseconds()) < 2_000
    told = (await bybit.publicGetV5MarketTime())["result"]
    assert abs(int(told["timeNano"]) // 10**6 - bybit.milliseconds()) < 2_000
    assert int(told["timeSecond"]) == int(told["timeNano"]) // 10**9


async def test_tickers_one_some_and_all(bybit: Any) -> None:
    one = await bybit.fetch_ticker(S)
    assert one["bid"] < one["last"] < one["ask"]
    assert one["high"] >= one["last"] >= one["low"] > 0
    assert set(await bybit.fetch_tickers([S, "ETH/USDT"])) == {S, "ETH/USDT"}
    assert len(await bybit.fetch_tickers()) == len(bybit.markets)


async def test_the_book_is_sorted_and_not_crossed(bybit: Any) -> None:
    book = await bybit.fetch_order_book(S, 10)
    assert len(book["bids"]) == len(book["asks"]) == 10
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert book["asks"] == sorted(book["asks"])
    assert book["bids"][0][0] < book["asks"][0][0]
    asked = {"category": "spot", "symbol": "BTCUSDT"}
    told = (await bybit.publicGetV5MarketOrderbook(asked))["result"]
    assert (len(told["b"]), len(told["a"])) == (1, 1)


@pytest.mark.parametrize("timeframe", ["1m", "3m", "5m", "15m", "1h", "4h", "1d"])
async def test_a_thousand_past_candles_are_there_at_once(bybit: Any, timeframe: str) -> None:
    candles = await bybit.fetch_ohlcv(S, timeframe, limit=1_000)
    assert len(candles) == 1_000
    step = bybit.parse_timeframe(timeframe) * 1_000
    assert {later[0] - at[0] for at, later in pairwise(candles)} == {step}
    assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in candles)
    assert candles[-1][4] == (await bybit.fetch_ticker(S))["last"]
    since = candles[500][0]
    assert (await bybit.fetch_ohlcv(S, timeframe, since, 3)) == candles[500:503]


async def test_candles_come_newest_first(bybit: Any) -> None:
    asked = {"category": "spot", "symbol": "BTCUSDT", "interval": "1"}
    listed = (await bybit.publicGetV5MarketKline(asked))["result"]["list"]
    opened = [int(candle[0]) for candle in listed]
    assert len(opened) == 200
    assert opened == sorted(opened, reverse=True)
    until = {"start": opened[20], "end": opened[10], "limit": 3}
    listed = (await bybit.publicGetV5MarketKline(asked | until))["result"]["list"]
    assert [int(candle[0]) for candle in listed] == opened[10:13]


async def test_public_trades_are_told(bybit: Any, paper: PaperExchange) -> None:
    move(paper, S, "60001", "0.5")
    trade = (await bybit.fetch_trades(S))[-1]
    assert (trade["price"], trade["amount"], trade["side"]) == (60_001, 0.5, "buy")


async def test_a_new_key_has_starting_balances(bybit: Any) -> None:
    balance = await bybit.fetch_balance()
    assert balance["free"]["USDT"] == 100_000
    (account,) = balance["info"]["result"]["list"]
    worth = 100_000 + 60_000 + 10 * 3_000 + 100 * 600 + 500 * 150 + 5_000 * 4.2
    assert float(account["totalEquity"]) == pytest.approx(worth)


async def test_an_acknowledgement_tells_two_ids_and_nothing_else(bybit: Any) -> None:
    params = {"clientOrderId": "mine"}
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, params)
    assert set(order["info"]) == {"orderId", "orderLinkId"}
    assert (order["clientOrderId"], order["status"]) == ("mine", None)


async def test_a_limit_order_rests_and_locks_what_it_needs(bybit: Any) -> None:
    params = {"clientOrderId": "mine"}
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, params)
    resting = await found(bybit, order, "New")
    assert (resting["status"], resting["filled"], resting["clientOrderId"]) == ("open", 0, "mine")
    assert [o["id"] for o in await bybit.fetch_open_orders(S)] == [order["id"]]
    assert [o["id"] for o in await bybit.fetch_open_orders()] == [order["id"]]
    assert (await bybit.fetch_order(order["id"], S, {"acknowledged": True}))["id"] == order["id"]
    (named,) = await bybit.fetch_open_orders(S, params={"orderLinkId": "mine"})
    assert named["id"] == order["id"]
    balance = await bybit.fetch_balance()
    assert (balance["USDT"]["used"], balance["USDT"]["free"]) == (50, 99_950)


async def test_a_resting_order_fills_as_maker_at_its_own_price(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 59_000)
    await found(bybit, order, "New")
    move(paper, S, "58000")
    filled = await found(bybit, order, "Filled")
    assert (filled["status"], filled["average"], filled["filled"]) == ("closed", 59_000, 0.001)
    assert filled["fee"] == {"currency": "BTC", "cost": 1e-6}
    (trade,) = await bybit.fetch_my_trades(S, params={"orderId": order["id"]})
    assert trade["takerOrMaker"] == "maker"
    assert trade["fee"] == {"currency": "BTC", "cost": 1e-6, "rate": 0.001}
    assert trade["info"]["feeCurrency"] == "BTC"
    assert (await in_history(bybit, order))["status"] == "closed"
    assert [o["id"] for o in await bybit.fetch_closed_orders(S)] == [order["id"]]
    account = next(iter(paper.venue.ledger.accounts.values()))
    assert account.balance("BTC").free == Decimal("1.000999")


async def test_a_market_order_takes_several_levels(bybit: Any) -> None:
    order = await bybit.create_order(S, "market", "buy", 0.4)
    filled = await found(bybit, order, "Filled")
    assert (filled["filled"], filled["fee"]) == (0.4, {"currency": "BTC", "cost": 0.0004})
    trades = await bybit.fetch_order_trades(order["id"], S)
    assert len(trades) > 1
    assert len({trade["id"] for trade in trades}) == len(trades)
    assert [float(trade["info"]["leavesQty"]) for trade in trades][-1] == 0


async def test_a_market_buy_without_a_unit_spends_an_amount_of_quote(bybit: Any) -> None:
    order = await bybit.create_market_buy_order_with_cost(S, 100)
    spent = await found(bybit, order, "PartiallyFilledCanceled")
    assert spent["info"]["marketUnit"] == "quoteCoin"
    assert 99 < spent["cost"] < 100
    assert spent["status"] == "closed"


async def test_a_market_sale_can_bring_an_amount_of_quote(bybit: Any) -> None:
    order = await bybit.create_market_sell_order_with_cost(S, 100)
    sold = await found(bybit, order, "PartiallyFilledCanceled")
    assert 99 < sold["cost"] <= 100
    assert sold["fee"]["currency"] == "USDT"


async def test_an_immediate_or_cancel_order_never_rests(bybit: Any) -> None:
    unlucky = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, {"timeInForce": "IOC"})
    gone = await found(bybit, unlucky, "Cancelled")
    assert gone["info"]["rejectReason"] == "EC_NoImmediateQtyToFill"
    whole = await bybit.create_order(S, "limit", "buy", 0.001, 60_100, {"timeInForce": "FOK"})
    await found(bybit, whole, "Filled")
    much = await bybit.create_order(S, "limit", "buy", 1.5, 60_010, {"timeInForce": "FOK"})
    none = await found(bybit, much, "Cancelled")
    assert (none["info"]["rejectReason"], none["filled"]) == ("EC_NoEnoughQtyToFill", 0)
    some = await bybit.create_order(S, "limit", "buy", 1.5, 60_010, {"timeInForce": "IOC"})
    part = await found(bybit, some, "PartiallyFilledCanceled")
    assert 0 < part["filled"] < 1.5
    assert (await bybit.fetch_balance())["USDT"]["used"] == 0


async def test_a_stop_sleeps_until_its_price_and_then_sells(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "market", "sell", 0.1, params={"stopLossPrice": 55_000})
    asleep = await found(bybit, order, "Untriggered")
    assert (asleep["info"]["stopOrderType"], asleep["triggerPrice"]) == ("tpslOrder", 55_000)
    assert (await bybit.fetch_balance())["BTC"]["used"] == 0.1
    move(paper, S, "54000")
    sold = await found(bybit, order, "Filled")
    assert 53_000 < sold["average"] < 54_000


async def test_a_conditional_order_holds_nothing_until_it_is_triggered(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.1, 61_500, {"triggerPrice": 62_000})
    assert (await found(bybit, order, "Untriggered"))["info"]["stopOrderType"] == "Stop"
    assert (await bybit.fetch_balance())["USDT"]["used"] == 0
    move(paper, S, "63000")
    assert (await found(bybit, order, "New"))["filled"] == 0
    assert (await bybit.fetch_balance())["USDT"]["used"] == 6_150
    move(paper, S, "61000")
    assert (await found(bybit, order, "Filled"))["average"] == 61_500


async def test_a_conditional_order_that_cannot_be_paid_when_triggered_is_cancelled(
    bybit: Any, paper: PaperExchange
) -> None:
    order = await bybit.create_order(S, "limit", "buy", 10, 61_500, {"triggerPrice": 62_000})
    await found(bybit, order, "Untriggered")
    move(paper, S, "63000")
    await found(bybit, order, "Cancelled")


async def test_a_profit_target_sells_what_has_risen(bybit: Any, paper: PaperExchange) -> None:
    params = {"takeProfitPrice": 65_000}
    order = await bybit.create_order(S, "limit", "sell", 0.1, 64_000, params)
    await found(bybit, order, "Untriggered")
    move(paper, S, "66000")
    await found(bybit, order, "Filled")


async def test_a_stop_can_be_worth_an_amount_of_quote(bybit: Any, paper: PaperExchange) -> None:
    for side, coin, held, trigger in (
        ("Buy", "USDT", 100, "62000"),
        ("Sell", "BTC", 0.002, "50000"),
    ):
        told = await bybit.privatePostV5OrderCreate(
            {
                "category": "spot",
                "symbol": "BTCUSDT",
                "side": side,
                "orderType": "Market",
                "qty": "100",
                "marketUnit": "quoteCoin",
                "orderFilter": "tpslOrder",
                "triggerPrice": trigger,
            }
        )
        assert (await bybit.fetch_balance())[coin]["used"] == pytest.approx(held)
        await found(bybit, {"id": told["result"]["orderId"], "symbol": S}, "Untriggered")
    move(paper, S, "63000")
    move(paper, S, "49000")
    costs = [trade["cost"] for trade in await bybit.fetch_my_trades(S)]
    assert len(costs) == 2
    assert all(99 < cost <= 100 for cost in costs)


async def test_cancelling_gives_back_what_was_locked(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
    told = await bybit.cancel_order(order["id"], S)
    assert (told["id"], told["status"]) == (order["id"], None)
    gone = await found(bybit, order, "Cancelled")
    assert (gone["info"]["cancelType"], gone["remaining"]) == ("CancelByUser", 0)
    assert (await bybit.fetch_balance())["USDT"]["free"] == 100_000
    named = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, {"clientOrderId": "mine"})
    told = await bybit.cancel_order(None, S, {"orderLinkId": "mine"})
    assert told["id"] == named["id"]


async def test_a_sleeping_order_is_cancelled_as_what_it_is(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.1, 61_500, {"triggerPrice": 62_000})
    await found(bybit, order, "Untriggered")
    with pytest.raises(Exception, match="170213"):
        await bybit.cancel_order(order["id"], S)
    await bybit.cancel_order(order["id"], S, {"trigger": True})
    await found(bybit, order, "Deactivated")


async def test_all_orders_of_a_market_are_cancelled_at_once(bybit: Any) -> None:
    placed = [
        await bybit.create_order(S, "limit", "buy", 0.001, price)
        for price in (50_000, 51_000, 52_000)
    ]
    kept = await bybit.create_order(S, "market", "sell", 0.1, params={"stopLossPrice": 55_000})
    elsewhere = await bybit.create_order("ETH/USDT", "limit", "buy", 0.1, 2_000)
    told = await bybit.cancel_all_orders(S)
    assert {order["id"] for order in told} == {order["id"] for order in placed}
    for order in placed:
        await found(bybit, order, "Cancelled")
    left = {order["id"] for order in await bybit.fetch_open_orders()}
    assert left == {kept["id"], elsewhere["id"]}


async def test_editing_keeps_the_order_and_changes_its_terms(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
    edited = await bybit.edit_order(order["id"], S, "limit", "buy", 0.002, 51_000)
    assert edited["id"] == order["id"]

    async def terms() -> list[Any]:
        return [(o["id"], o["price"], o["amount"]) for o in await bybit.fetch_open_orders(S)]

    await eventually(terms, [(order["id"], 51_000, 0.002)])
    assert (await bybit.fetch_balance())["USDT"]["used"] == 102


async def test_an_edited_order_that_crosses_the_market_is_filled(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
    await bybit.edit_order(order["id"], S, "limit", "buy", None, 60_100)
    filled = await found(bybit, order, "Filled")
    assert filled["average"] < 60_100
    assert (await bybit.fetch_balance())["USDT"]["used"] == 0


async def test_a_batch_tells_the_fate_of_each_order(bybit: Any, paper: PaperExchange) -> None:
    order = {"symbol": S, "type": "limit", "side": "buy", "amount": 0.001, "price": 50_000}
    good, bad = await bybit.create_orders([order, order | {"amount": 100}])
    assert (await found(bybit, good, "New"))["price"] == 50_000
    assert (bad["status"], bad["info"]["code"]) == ("rejected", 170131)
    assert len(await bybit.fetch_open_orders(S)) == 1
    (noted,) = [each for each in read(paper.venue.journal.path) if each["kind"] == "refused"]
    assert (noted["code"], noted["symbol"]) == ("170131", S)


async def test_a_batch_is_read_as_a_whole(bybit: Any) -> None:
    odd: list[Any] = [[], [{}] * 11, ["an order"], "orders", None]
    for asked in odd:
        with pytest.raises(BadRequest, match="10001"):
            await bybit.privatePostV5OrderCreateBatch({"category": "spot", "request": asked})


async def test_an_order_marked_as_a_test_is_a_real_one(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, {"test": True})
    assert (await found(bybit, order, "New"))["status"] == "open"


async def test_two_users_trade_with_each_other_whatever_they_speak(
    bybit: Any, paper: PaperExchange
) -> None:
    async with trading(paper.url, "another key") as other:
        # Inside the spread, where only users are.
        resting = await bybit.create_order(S, "limit", "sell", 0.01, 60_000)
        await found(bybit, resting, "New")
        taken = await other.create_order(S, "limit", "buy", 0.02, 60_000)
        assert (taken["filled"], taken["status"]) == (0.01, "open")
        await found(bybit, resting, "Filled")
        (sold,) = await bybit.fetch_my_trades(S)
        assert (sold["takerOrMaker"], sold["fee"]["cost"]) == ("maker", 0.6)


async def test_one_key_is_one_account_on_both_exchanges(bybit: Any, paper: PaperExchange) -> None:
    async with trading(paper.url) as binance:
        order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000, {"clientOrderId": "b"})
        await found(bybit, order, "New")
        (seen,) = await binance.fetch_open_orders(S)
        assert (seen["clientOrderId"], seen["price"]) == ("b", 50_000)
        await binance.cancel_order(seen["id"], S)
        await found(bybit, order, "Cancelled")


async def test_an_account_that_trades_with_itself_has_two_executions(bybit: Any) -> None:
    resting = await bybit.create_order(S, "limit", "sell", 0.01, 60_000)
    await found(bybit, resting, "New")
    taking = await bybit.create_order(S, "limit", "buy", 0.01, 60_000)
    await found(bybit, taking, "Filled")
    trades = await bybit.fetch_my_trades(S)
    assert {trade["order"] for trade in trades} == {resting["id"], taking["id"]}
    assert len({trade["id"] for trade in trades}) == 2


async def test_what_a_key_may_do_can_be_asked(paper: PaperExchange) -> None:
    async with trading_on_bybit(paper.url, probe=True) as bybit:
        assert (await bybit.fetch_balance())["free"]["USDT"] == 100_000
        assert bybit.options["enableUnifiedAccount"] is True
        assert bybit.options["unifiedMarginStatus"] == 6
        rights = (await bybit.privateGetV5UserQueryApi())["result"]
    assert (rights["readOnly"], rights["permissions"]["Spot"]) == (0, ["SpotTrade"])
    assert rights["permissions"]["Wallet"] == []
    assert "a key" not in str(rights)


async def test_fees_can_be_asked(bybit: Any) -> None:
    fee = await bybit.fetch_trading_fee(S)
    assert (fee["maker"], fee["taker"]) == (0.001, 0.001)


async def test_a_key_of_any_letters_works(paper: PaperExchange) -> None:
    # The contract's own example body has the keys "…" and "…".
    async with trading_on_bybit(paper.url, "…", "…") as client:
        order = await client.create_order(S, "limit", "buy", 0.001, 50_000)
        assert (await found(client, order, "New"))["status"] == "open"
