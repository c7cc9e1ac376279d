"""Accounts whose keys can be recognised wherever they should not be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

from tests.fakes import FakeClock
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.exchanges.ports import Credentials, Mode, OrderRequest
from tradingbot.kit.clock import Clock, SystemClock
from tradingbot.trading.order import OrderType, Side

KEY = "KEYthatMUSTnotBEseen"
SECRET = "SECRETthatMUSTnotBEseen"  # because it is made up

CREDENTIALS = Credentials(1, "binance", Mode.PAPER, KEY[::-1], SECRET[::-1])


def named(value: object) -> str:
    """For the name of a test, which must be the same in every process."""
    return str(getattr(value, "__name__", value))


def opened(sealed: str) -> str:
    return sealed[::-1]


@asynccontextmanager
async def exchanges_at(url: str, clock: Clock | None = None) -> AsyncIterator[CcxtExchanges]:
    exchanges = CcxtExchanges(url, opened, clock or SystemClock())
    try:
        yield exchanges
    finally:
        await exchanges.close()


def request(
    *,
    type: OrderType = OrderType.LIMIT,  # noqa: A002  # because the port calls it so
    client_order_id: str = "t-ours-1",
) -> OrderRequest:
    return OrderRequest(
        symbol="BTC/USDT",
        side=Side.BUY,
        type=type,
        quantity=Decimal("0.00010000000000000001"),
        price=None if type is OrderType.MARKET else Decimal("12345678.10"),
        client_order_id=client_order_id,
        sign_timestamp_ms=int(FakeClock().now().timestamp() * 1000),
        recv_window_ms=4_321,
    )
