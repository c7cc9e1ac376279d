"""Fees in a third coin, over both protocols, down to the last digit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.bybit_orders import S, found
from tests.paper.clients import trading
from tests.paper.server import running_paper_exchange
from tradingbot.paper.accounts import account_of
from tradingbot.paper.journal import Entry, read
from tradingbot.paper.server import PaperExchange
from tradingbot.simulation.fees import FeeRates

pytestmark = pytest.mark.anyio

BALANCES = {"USDT": Decimal(100_000), "BTC": Decimal(1), "ETH": Decimal(10), "BNB": Decimal(100)}


@asynccontextmanager
async def exchange(
    directory: Path, coin: str | None = "BNB", **balances: Decimal
) -> AsyncIterator[PaperExchange]:
    async with running_paper_exchange(
        directory,
        prints_per_second=0.0,
        fees=FeeRates(third_coin=coin),
        balances=BALANCES | balances,
    ) as paper:
        yield paper


def fills(paper: PaperExchange) -> list[Entry]:
    return [entry for entry in read(paper.venue.journal.path) if entry["kind"] == "fill"]


def held(paper: PaperExchange, asset: str, key: str = "a key") -> Decimal:
    balance = paper.venue.ledger.accounts[account_of(key)].balance(asset)
    return balance.free + balance.locked


async def test_binance_charges_the_third_coin_a_quarter_less(tmp_path: Path) -> None:
    async with exchange(tmp_path) as paper, trading(paper.url) as binance:
        order = await binance.create_order(S, "market", "buy", 0.01)
        cost = Decimal(str(order["cost"]))
        exact = cost * Decimal("0.001") * Decimal("0.75") / 600
        fee = exact.quantize(Decimal("1e-8"), ROUND_DOWN)
        assert order["fee"] == {"currency": "BNB", "cost": float(fee)}
        (trade,) = await binance.fetch_my_trades(S)
        assert trade["fee"]["currency"] == "BNB"
        assert held(paper, "BTC") == Decimal("1.01")
        assert held(paper, "BNB") == 100 - fee
        (line,) = fills(paper)
        assert line["balances"]["BNB"] == [str(100 - fee), "0"]
        commission = await binance.privateGetAccountCommission({"symbol": "BTCUSDT"})
        assert commission["discount"]["enabledForAccount"] is True


async def test_streams_tell_of_the_third_coins_balance(tmp_path: Path) -> None:
    async with (
        exchange(tmp_path) as paper,
        trading(paper.url, pro=True) as binance,
        trading_on_bybit(paper.url, pro=True) as bybit,
        asyncio.TaskGroup() as tasks,
    ):
        watched = [tasks.create_task(told_of_bnb(each)) for each in (binance, bybit)]
        await asyncio.sleep(0.5)
        await binance.create_order(S, "market", "buy", 0.01)
    assert [task.result() for task in watched] == [float(held(paper, "BNB"))] * 2


async def told_of_bnb(client: Any) -> float:
    async with asyncio.timeout(5):
        while True:
            balance = await client.watch_balance()
            if balance.get("BNB", {}).get("total", 100) != 100:
                return float(balance["BNB"]["total"])


async def test_bybit_names_the_third_coin_in_each_execution(tmp_path: Path) -> None:
    async with exchange(tmp_path) as paper, trading_on_bybit(paper.url) as bybit:
        order = await bybit.create_order(S, "market", "sell", 0.01)
        sold = await found(bybit, order, "Filled")
        (trade,) = await bybit.fetch_my_trades(S)
        fee = Decimal(trade["info"]["execFee"])
        assert trade["info"]["feeCurrency"] == "BNB"
        assert sold["info"]["cumFeeDetail"] == {"BNB": trade["info"]["execFee"]}
        assert held(paper, "BNB") == 100 - fee
        assert held(paper, "USDT") == 100_000 + Decimal(trade["info"]["execValue"])


async def test_when_the_third_coin_runs_out_amid_an_order_the_rest_is_paid_as_ever(
    tmp_path: Path,
) -> None:
    enough_for_one = Decimal("0.004")
    async with (
        exchange(tmp_path, BNB=enough_for_one) as paper,
        trading_on_bybit(paper.url) as bybit,
    ):
        order = await bybit.create_order(S, "market", "buy", 0.1)
        bought = await found(bybit, order, "Filled")
        fees = {coin: Decimal(fee) for coin, fee in bought["info"]["cumFeeDetail"].items()}
        assert set(fees) == {"BNB", "BTC"}
        lines = fills(paper)
        assert [line["fee_asset"] for line in lines] == ["BNB"] + ["BTC"] * (len(lines) - 1)
        assert held(paper, "BNB") == enough_for_one - fees["BNB"]
        assert held(paper, "BTC") == Decimal("1.1") - fees["BTC"]
        assert fees["BTC"] == sum(
            (Decimal(line["quantity"]) * Decimal("0.001") for line in lines[1:]), Decimal(0)
        )


async def test_buying_and_selling_the_third_coin_itself_is_paid_with_it(tmp_path: Path) -> None:
    async with exchange(tmp_path) as paper, trading(paper.url) as binance:
        bought = await binance.create_order("BNB/USDT", "market", "buy", 1)
        sold = await binance.create_order("BNB/USDT", "market", "sell", 1)
        fees = [Decimal(line["fee"]) for line in fills(paper)]
        assert {bought["fee"]["currency"], sold["fee"]["currency"]} == {"BNB"}
        assert held(paper, "BNB") == 100 - sum(fees)


async def test_a_market_the_third_coin_has_no_price_in_finds_one_by_way_of_another(
    tmp_path: Path,
) -> None:
    async with exchange(tmp_path) as paper, trading(paper.url) as binance:
        await binance.create_order("ETH/BTC", "market", "buy", 1)
        (line,) = fills(paper)
        btc = Decimal(line["price"]) * Decimal(line["quantity"])
        worth = btc * 60_000 * Decimal("0.001") * Decimal("0.75")
        assert line["fee_asset"] == "BNB"
        assert abs(Decimal(line["fee"]) * 600 - worth) < Decimal("0.00001")


async def test_a_coin_that_nobody_trades_pays_nothing(tmp_path: Path) -> None:
    async with exchange(tmp_path, "MNT", MNT=Decimal(5)) as paper, trading(paper.url) as binance:
        order = await binance.create_order(S, "market", "buy", 0.01)
        assert order["fee"]["currency"] == "BTC"
        assert held(paper, "MNT") == 5


async def choose(paper: PaperExchange, key: str, coin: object) -> int:
    body = {"api_key": key, "fee_coin": coin}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.url}/paper/keys", json=body) as answer,
    ):
        return answer.status


async def paid_with(paper: PaperExchange, key: str) -> str:
    async with trading(paper.url, key) as binance:
        order = await binance.create_order(S, "market", "buy", 0.001)
    return str(order["fee"]["currency"])


async def test_each_account_can_choose_and_a_restart_remembers_it(tmp_path: Path) -> None:
    async with exchange(tmp_path, coin=None) as paper:
        assert await choose(paper, "ann", "BNB") == 200
        assert await choose(paper, "bob", 7) == 422
        assert [await paid_with(paper, key) for key in ("ann", "bob")] == ["BNB", "BTC"]
        before = held(paper, "BNB", "ann")
    async with exchange(tmp_path) as paper:
        assert held(paper, "BNB", "ann") == before < 100
        assert await choose(paper, "cid", "") == 200
        paid = [await paid_with(paper, key) for key in ("ann", "bob", "cid")]
        assert paid == ["BNB", "BNB", "BTC"]
    async with exchange(tmp_path) as paper:
        assert await paid_with(paper, "cid") == "BTC"
        assert await choose(paper, "ann", "") == 200
        assert await paid_with(paper, "ann") == "BTC"
