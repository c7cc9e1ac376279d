"""Unmodified ccxt clients for Bybit with nothing but their addresses changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.async_support
import ccxt.pro

from tests.paper.clients import NOWHERE, SECRET


def bybit_client(
    url: str,
    api_key: str = "a key",
    secret: str = SECRET,
    *,
    pro: bool = False,
    probe: bool = False,
) -> Any:
    """`probe` lets it ask the exchange what kind of account it has."""
    module = ccxt.pro if pro else ccxt.async_support
    kind = {"enableUnifiedMargin": False, "enableUnifiedAccount": True, "unifiedMarginStatus": 6}
    exchange = module.bybit(
        {
            "apiKey": api_key,
            "secret": secret,
            "timeout": 5_000,
            "enableRateLimit": False,
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "recvWindow": 5_000,
                **({} if probe else kind),
            },
        }
    )
    exchange.has["fetchCurrencies"] = False
    apis = exchange.urls["api"]
    for name, address in apis.items():
        if isinstance(address, str):
            apis[name] = NOWHERE
    apis["public"] = apis["private"] = f"{url}/bybit"
    if pro:
        wire = url.replace("http", "ws", 1) + "/bybit/v5"
        private = f"{wire}/private"
        apis["ws"] = {
            "public": {"spot": f"{wire}/public/spot"},
            "private": {
                "spot": {"unified": private, "nonUnified": private},
                "contract": private,
                "usdc": private,
                "trade": f"{wire}/trade",
            },
        }
    return exchange


@asynccontextmanager
async def trading_on_bybit(url: str, *args: Any, **options: Any) -> AsyncIterator[Any]:
    exchange = bybit_client(url, *args, **options)
    try:
        await exchange.load_markets()
        yield exchange
    finally:
        await exchange.close()
