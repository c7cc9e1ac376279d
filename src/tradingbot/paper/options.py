"""Everything about a paper exchange that may be chosen when it is started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tradingbot.simulation.fees import FeeRates

STARTING_BALANCES: Mapping[str, Decimal] = {
    "USDT": Decimal(100_000),
    "BTC": Decimal(1),
    "ETH": Decimal(10),
    "BNB": Decimal(100),
    "SOL": Decimal(500),
    "FIL": Decimal(5_000),
}


class OptionRefused(ValueError):  # noqa: N818  # errors are named after what is the case
    """A setting of the paper exchange that cannot work; the message names it in one line."""


@dataclass(frozen=True, slots=True)
class PaperLimits:
    """Binance's and Bybit's published limits; a lone local user may want higher ones."""

    weight_per_minute: int = 6_000  # per address
    orders_per_10_seconds: int = 100  # per account, unfilled ones only
    orders_per_day: int = 200_000
    open_orders_per_market: int = 200
    bybit_requests_per_5_seconds: int = 600  # per address; who goes beyond is shut out for a while
    bybit_ban_seconds: int = 600
    bybit_orders_per_second: int = 20  # per account, creating and cancelling each
    bybit_amends_per_second: int = 10
    bybit_queries_per_second: int = 50  # of each kind
    bybit_open_orders: int = 500  # per account


@dataclass(frozen=True, slots=True)
class PaperOptions:
    """How to run it: where, with which prices, for whom.

    `feed` is `synthetic` or `replay:FILE`; `speed` 60 plays an hour a minute, 0 (replay only)
    plays as fast as the machine can.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    fault_port: int | None = None  # where faults are ordered, on loopback; 0: any free one
    feed: str = "synthetic"
    speed: float = 1.0
    seed: int = 1
    replay_symbol: str | None = None  # None: from the file's name, BTC_USDT-1h.parquet
    replay_warmup: int = 0  # candles that are already history when the replay starts
    start_on_first_order: bool = True  # a replay waits for somebody to trade
    # At full speed a replay waits this long after a fill for the trader's next order.
    settle_seconds: float = 0.05
    prints_per_second: float = 4.0  # synthetic, per market
    # Bybit answers before the market has seen an order, and tells of the past later still.
    bybit_engine_seconds: float = 0.005
    bybit_history_lag_seconds: float = 0.2
    balances: Mapping[str, Decimal] = field(default_factory=lambda: STARTING_BALANCES)
    fees: FeeRates = field(default_factory=FeeRates)
    limits: PaperLimits = field(default_factory=PaperLimits)
