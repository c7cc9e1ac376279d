"""What Bybit says of its markets, and at which addresses it is asked."""

from decimal import Decimal
from typing import Any

import pytest

from tests.adapters import bybit
from tests.adapters.accounts import exchanges_at
from tests.adapters.bybit import TIME
from tests.adapters.rude_server import rude_server
from tests.adapters.test_ccxt_bybit import S, account, params
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.exchanges.errors import SymbolUnknown
from tradingbot.exchanges.ports import Credentials, Mode
from tradingbot.kit.clock import SystemClock

pytestmark = pytest.mark.anyio


async def test_paper_mode_reaches_nothing_but_the_paper_exchange() -> None:
    async with account(TIME) as (session, server):
        wire = session._wire
    addresses: list[str] = []

    def gather(urls: dict[str, Any]) -> None:
        for value in urls.values():
            gather(value) if isinstance(value, dict) else addresses.append(value)

    gather(wire.urls["api"])
    mine = server.url.removeprefix("http") + "/bybit"
    assert all(url.endswith("/blocked") or mine in url for url in addresses)
    assert sum(mine in url for url in addresses) == 4


async def test_modes_differ_by_address_only() -> None:
    exchanges = CcxtExchanges(None, str, SystemClock())
    try:
        lines = {
            mode: (
                wire := exchanges.session(Credentials(number, "bybit", mode, "", ""))._wire,
                exchanges._access("bybit", mode).dialect.account_line(wire),
                exchanges._access("bybit", mode).dialect.market_line(wire),
            )
            for number, mode in enumerate((Mode.LIVE, Mode.TESTNET))
        }
    finally:
        await exchanges.close()
    live, test = lines[Mode.LIVE], lines[Mode.TESTNET]
    assert live[0].urls["api"]["private"] == "https://api.{hostname}"
    assert live[1:] == (
        "wss://stream.bybit.com/v5/private",
        "wss://stream.bybit.com/v5/public/spot",
    )
    assert test[0].urls["api"]["private"] == "https://api-testnet.{hostname}"
    assert test[1:] == (
        "wss://stream-testnet.bybit.com/v5/private",
        "wss://stream-testnet.bybit.com/v5/public/spot",
    )
    assert type(live[0]) is type(test[0])


async def test_a_market_that_is_not_there_is_said_to_be_unknown() -> None:
    async with (
        rude_server(bybit.error(10001, "Not supported symbols")) as server,
        exchanges_at(server.url) as exchanges,
    ):
        market_data = exchanges.market_data("bybit", Mode.PAPER)
        for question in (market_data.price(S), market_data.candles(S, "1h", 5)):
            with pytest.raises(SymbolUnknown):
                await question


async def test_candles_come_newest_first_and_are_turned_round() -> None:
    def row(hour: int) -> list[str]:
        return [str(bybit.AT + hour * 3_600_000), "100", "101", "99", str(100 + hour / 10), "1"]

    page = bybit.said({"list": [row(2), row(1), row(0)]})
    async with rude_server(page) as server, exchanges_at(server.url) as exchanges:
        candles = await exchanges.market_data("bybit", Mode.PAPER).candles(S, "4h", 3)
    assert [candle.close for candle in candles] == [
        Decimal(100),
        Decimal("100.1"),
        Decimal("100.2"),
    ]
    said = params(server.requests[0])
    assert (said["category"], said["interval"], said["limit"]) == ("spot", "240", "3")


async def test_of_a_long_absence_the_last_trades_tell_the_end_and_minutes_the_rest() -> None:
    def trade(at: int, price: str) -> dict[str, str]:
        return {"symbol": "BTCUSDT", "time": str(bybit.AT + at), "price": price}

    def minute(place: int, *prices: str) -> list[str]:
        return [str(bybit.AT + place * 60_000), *prices, "1"]

    trades = bybit.listed(trade(130_000, "108"), trade(125_000, "107"))
    minutes = bybit.said(
        {
            "list": [
                minute(2, "106", "108", "106", "108"),
                minute(1, "103", "110", "102", "106"),
                minute(0, "1", "900", "1", "103"),
            ]
        }
    )
    async with rude_server(trades, minutes) as server, exchanges_at(server.url) as exchanges:
        access = exchanges._access("bybit", Mode.PAPER)
        prices = await access.dialect.prices_since(access.wire, S, bybit.AT + 30_000)
        assert [int(price) for price in prices] == [
            103, 103, 102, 110, 106, 106, 106, 108, 108, 107, 108,
        ]  # fmt: skip
        kline = params(server.requests[1])
        assert (kline["start"], kline["end"]) == (str(bybit.AT), str(bybit.AT + 125_000))
        server.answers = [trades]
        recent = await access.dialect.prices_since(access.wire, S, bybit.AT + 125_000)
        assert [int(price) for price in recent] == [107, 108]
    assert len(server.requests) == 3
