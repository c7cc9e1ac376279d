"""Unmodified ccxt over REST: everything a trader does."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.paper.clients import trading
from tests.paper.market import move
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

S = "BTC/USDT"


async def test_markets_have_their_steps_and_limits(ccxt: Any) -> None:
    market = ccxt.market(S)
    assert (market["spot"], market["active"]) == (True, True)
    assert market["precision"] == {**market["precision"], "amount": 0.00001, "price": 0.01}
    assert market["limits"]["cost"]["min"] == 5
    assert set(ccxt.markets) >= {S, "ETH/USDT", "SOL/USDT", "ETH/BTC", "FIL/USDT"}


async def test_time_is_the_wall_clock(ccxt: Any) -> None:
    assert abs(await ccxt.fetch_time() - ccxt.milliseconds()) < 2_000


async def test_tickers_one_some_and_all(ccxt: Any) -> None:
    one = await ccxt.fetch_ticker(S)
    assert one["bid"] < one["last"] < one["ask"]
    assert one["high"] >= one["last"] >= one["low"] > 0
    assert set(await ccxt.fetch_tickers([S, "ETH/USDT"])) == {S, "ETH/USDT"}
    assert len(await ccxt.fetch_tickers()) == len(ccxt.markets)
    assert (await ccxt.fetch_last_prices())[S]["price"] == one["last"]
    assert (await ccxt.fetch_bids_asks([S]))[S]["bid"] == one["bid"]


async def test_the_book_is_sorted_and_not_crossed(ccxt: Any) -> None:
    book = await ccxt.fetch_order_book(S, 10)
    assert len(book["bids"]) == len(book["asks"]) == 10
    assert book["bids"] == sorted(book["bids"], reverse=True)
    assert book["asks"] == sorted(book["asks"])
    assert book["bids"][0][0] < book["asks"][0][0]


@pytest.mark.parametrize("timeframe", ["1m", "3m", "5m", "15m", "1h", "4h", "1d"])
async def test_a_thousand_past_candles_are_there_at_once(ccxt: Any, timeframe: str) -> None:
    candles = await ccxt.fetch_ohlcv(S, timeframe, limit=1_000)
    assert len(candles) == 1_000
    step = ccxt.parse_timeframe(timeframe) * 1_000
    assert {later[0] - at[0] for at, later in pairwise(candles)} == {step}
    assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in candles)
    assert candles[-1][4] == (await ccxt.fetch_ticker(S))["last"]
    since = candles[500][0]
    assert (await ccxt.fetch_ohlcv(S, timeframe, since, 3)) == candles[500:503]


async def test_public_trades_are_told(ccxt: Any, paper: PaperExchange) -> None:
    move(paper, S, "60001", "0.5")
    trade = (await ccxt.fetch_trades(S))[-1]
    assert (trade["price"], trade["amount"]) == (60_001, 0.5)


async def test_a_new_key_has_starting_balances(ccxt: Any) -> None:
    assert (await ccxt.fetch_balance())["free"]["USDT"] == 100_000


async def test_a_limit_order_rests_and_locks_what_it_needs(ccxt: Any) -> None:
    order = await ccxt.create_order(S, "limit", "buy", 0.001, 50_000, {"newClientOrderId": "mine"})
    assert (order["status"], order["filled"], order["clientOrderId"]) == ("open", 0, "mine")
    assert [o["id"] for o in await ccxt.fetch_open_orders(S)] == [order["id"]]
    assert [o["id"] for o in await ccxt.fetch_open_orders()] == [order["id"]]
    assert (await ccxt.fetch_order(None, S, {"origClientOrderId": "mine"}))["id"] == order["id"]
    balance = await ccxt.fetch_balance()
    assert (balance["USDT"]["used"], balance["USDT"]["free"]) == (50, 99_950)


async def test_a_resting_order_fills_as_maker_at_its_own_price(
    ccxt: Any, paper: PaperExchange
) -> None:
    order = await ccxt.create_order(S, "limit", "buy", 0.001, 59_000)
    move(paper, S, "58000")
    filled = await ccxt.fetch_order(order["id"], S)
    assert (filled["status"], filled["average"], filled["filled"]) == ("closed", 59_000, 0.001)
    (trade,) = await ccxt.fetch_my_trades(S, params={"orderId": order["id"]})
    assert (trade["takerOrMaker"], trade["fee"]) == ("maker", {"currency": "BTC", "cost": 1e-6})
    assert [o["id"] for o in await ccxt.fetch_closed_orders(S)] == [order["id"]]
    assert paper.venue.account(next(iter(paper.venue.ledger.accounts))).balance(
        "BTC"
    ).free == Decimal("1.000999")


async def test_a_market_order_takes_several_levels(ccxt: Any) -> None:
    order = await ccxt.create_order(S, "market", "buy", 0.4)
    assert (order["status"], order["filled"]) == ("closed", 0.4)
    assert len(order["trades"]) > 1
    assert order["fee"] == {"currency": "BTC", "cost": 0.0004}


async def test_a_market_order_can_spend_an_amount_of_quote(ccxt: Any) -> None:
    order = await ccxt.create_market_buy_order_with_cost(S, 100)
    assert order["status"] == "closed"
    assert 99 < order["cost"] <= 100


async def test_an_immediate_or_cancel_order_never_rests(ccxt: Any) -> None:
    order = await ccxt.create_order(S, "limit", "buy", 0.001, 50_000, {"timeInForce": "IOC"})
    assert order["status"] == "expired"
    whole = await ccxt.create_order(S, "limit", "buy", 0.001, 60_100, {"timeInForce": "FOK"})
    assert whole["status"] == "closed"
    much = await ccxt.create_order(S, "limit", "buy", 1.5, 60_010, {"timeInForce": "FOK"})
    assert (much["status"], much["filled"]) == ("expired", 0)


async def test_a_post_only_order_rests(ccxt: Any) -> None:
    order = await ccxt.create_order(S, "limit", "sell", 0.001, 70_000, {"postOnly": True})
    assert (order["postOnly"], (await ccxt.fetch_order(order["id"], S))["status"]) == (True, "open")


async def test_a_stop_sleeps_until_its_price_and_then_sells(
    ccxt: Any, paper: PaperExchange
) -> None:
    order = await ccxt.create_order(S, "market", "sell", 0.1, params={"stopLossPrice": 55_000})
    assert (await ccxt.fetch_order(order["id"], S))["status"] == "open"
    move(paper, S, "54000")
    sold = await ccxt.fetch_order(order["id"], S)
    assert (sold["status"], sold["filled"]) == ("closed", 0.1)
    assert 53_000 < sold["average"] < 54_000


async def test_a_stop_limit_becomes_a_resting_order(ccxt: Any, paper: PaperExchange) -> None:
    order = await ccxt.create_order(S, "limit", "buy", 0.1, 61_500, {"triggerPrice": 62_000})
    move(paper, S, "63000")
    assert (await ccxt.fetch_order(order["id"], S))["filled"] == 0
    move(paper, S, "61000")
    assert (await ccxt.fetch_order(order["id"], S))["average"] == 61_500


async def test_a_profit_target_sells_what_has_risen(ccxt: Any, paper: PaperExchange) -> None:
    params = {"takeProfitPrice": 65_000}
    order = await ccxt.create_order(S, "limit", "sell", 0.1, 64_000, params)
    move(paper, S, "66000")
    assert (await ccxt.fetch_order(order["id"], S))["status"] == "closed"


async def test_cancelling_gives_back_what_was_locked(ccxt: Any) -> None:
    order = await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)
    assert (await ccxt.cancel_order(order["id"], S))["status"] == "canceled"
    assert (await ccxt.fetch_balance())["USDT"]["free"] == 100_000
    named = await ccxt.create_order(S, "limit", "buy", 0.001, 50_000, {"newClientOrderId": "mine"})
    cancelled = await ccxt.cancel_order(None, S, {"clientOrderId": "mine"})
    assert cancelled["id"] == named["id"]


async def test_all_orders_of_a_market_are_cancelled_at_once(ccxt: Any) -> None:
    for price in (50_000, 51_000, 52_000):
        await ccxt.create_order(S, "limit", "buy", 0.001, price)
    assert len(await ccxt.cancel_all_orders(S)) == 3
    assert await ccxt.fetch_open_orders(S) == []


async def test_editing_replaces_the_order(ccxt: Any) -> None:
    order = await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)
    edited = await ccxt.edit_order(order["id"], S, "limit", "buy", 0.002, 51_000)
    assert edited["id"] != order["id"]
    (left,) = await ccxt.fetch_open_orders(S)
    assert (left["id"], left["price"], left["amount"]) == (edited["id"], 51_000, 0.002)


async def test_a_tried_order_is_checked_and_not_placed(ccxt: Any) -> None:
    await ccxt.create_order(S, "limit", "buy", 0.001, 50_000, {"test": True})
    assert await ccxt.fetch_open_orders(S) == []


async def test_two_users_trade_with_each_other(ccxt: Any, paper: PaperExchange) -> None:
    async with trading(paper.url, "another key") as other:
        # Inside the spread, where only users are.
        resting = await ccxt.create_order(S, "limit", "sell", 0.01, 60_000)
        taken = await other.create_order(S, "limit", "buy", 0.02, 60_000)
        assert (taken["filled"], taken["status"]) == (0.01, "open")
        assert (await ccxt.fetch_order(resting["id"], S))["status"] == "closed"
        (sold,) = await ccxt.fetch_my_trades(S)
        (bought,) = await other.fetch_my_trades(S)
        assert sold["id"] == bought["id"]
        assert (sold["takerOrMaker"], bought["takerOrMaker"]) == ("maker", "taker")
        assert sold["fee"] == {"currency": "USDT", "cost": 0.6}


async def test_fees_and_key_rights_can_be_asked(ccxt: Any) -> None:
    assert (await ccxt.fetch_trading_fee(S))["maker"] == 0.001
    assert len(await ccxt.fetch_trading_fees()) == len(ccxt.markets)
    rights = await ccxt.sapiGetAccountApiRestrictions()
    assert (rights["enableWithdrawals"], rights["enableSpotAndMarginTrading"]) == (False, True)
    commission = await ccxt.privateGetAccountCommission({"symbol": "BTCUSDT"})
    assert commission["standardCommission"]["taker"] == "0.00100000"


async def test_a_key_of_any_letters_works(paper: PaperExchange) -> None:
    # The contract's own example body has the keys "…" and "…".
    async with trading(paper.url, "…", "…") as client:
        await client.create_order(S, "limit", "buy", 0.001, 50_000)
        assert len(await client.fetch_open_orders(S)) == 1
