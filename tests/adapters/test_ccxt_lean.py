"""Only the exchanges we need are imported, and nobody else is the worse for it."""

import pytest

from tests.adapters.fresh_python import run

pytestmark = pytest.mark.anyio

LEAN = """
import sys
from tradingbot.adapters.ccxt_binance import BinanceWire
from tradingbot.adapters.ccxt_bybit_wire import BybitWire
assert "ccxt.kraken" not in sys.modules and "ccxt.async_support.kraken" not in sys.modules
assert "ccxt" not in sys.modules
"""
THEN_EVERYTHING = """
import ccxt, ccxt.async_support, ccxt.pro
assert issubclass(BinanceWire, ccxt.pro.binance)
assert issubclass(BybitWire, ccxt.pro.bybit)
assert issubclass(ccxt.pro.binance, ccxt.async_support.binance)
assert issubclass(ccxt.pro.bybit, ccxt.async_support.bybit)
assert ccxt.async_support.binance().has["fetchTicker"] and ccxt.kraken().id == "kraken"
assert issubclass(ccxt.async_support.binance, ccxt.async_support.Exchange)
assert ccxt.InsufficientFunds is ccxt.async_support.InsufficientFunds
"""
FIRST_EVERYTHING = """
import ccxt.pro
from tradingbot.adapters.ccxt_binance import BinanceWire
assert issubclass(BinanceWire, ccxt.pro.binance)
"""


async def test_only_our_exchanges_are_imported_and_all_of_ccxt_still_can_be() -> None:
    await run(LEAN + THEN_EVERYTHING)


async def test_all_of_ccxt_may_be_there_already() -> None:
    await run(FIRST_EVERYTHING)
