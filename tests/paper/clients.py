"""Unmodified ccxt clients with nothing but their addresses changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.async_support
import ccxt.pro

SECRET = "a secret"
NOWHERE = "http://127.0.0.1:9/blocked"


def client(url: str, api_key: str = "a key", secret: str = SECRET, *, pro: bool = False) -> Any:
    module = ccxt.pro if pro else ccxt.async_support
    exchange = module.binance(
        {
            "apiKey": api_key,
            "secret": secret,
            "timeout": 5_000,
            "enableRateLimit": False,
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchMargins": False,
                "fetchCurrencies": False,
                "recvWindow": 5_000,
                "fetchOpenOrders": {"warnWithoutSymbol": False},
            },
        }
    )
    apis = exchange.urls["api"]
    for name, address in apis.items():
        if isinstance(address, str):
            apis[name] = NOWHERE
    apis["public"] = apis["private"] = f"{url}/binance/api/v3"
    apis["sapi"] = f"{url}/binance/sapi/v1"
    if pro:
        wire = url.replace("http", "ws", 1)
        apis["ws"] = {
            "spot": f"{wire}/binance/stream/ws",
            "ws-api": {"spot": f"{wire}/binance/ws-api/v3"},
        }
    exchange.exceptions["exact"].update(exchange.exceptions["spot"]["exact"])
    return exchange


@asynccontextmanager
async def trading(url: str, *args: Any, **options: Any) -> AsyncIterator[Any]:
    exchange = client(url, *args, **options)
    try:
        await exchange.load_markets()
        yield exchange
    finally:
        await exchange.close()
