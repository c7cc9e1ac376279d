"""exchangeInfo: every market's rules, and the limits everybody is held to."""

from tradingbot.paper import rules
from tradingbot.paper.binance_shapes import id_of, money
from tradingbot.paper.options import PaperLimits
from tradingbot.paper.venue import Venue
from tradingbot.trading.market import Market

ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)


def exchange_info(venue: Venue, symbols: list[str]) -> dict[str, object]:
    return {
        "timezone": "UTC",
        "serverTime": venue.now(),
        "rateLimits": rate_limits(venue.options.limits),
        "exchangeFilters": [],
        "symbols": [_symbol(venue.halls[symbol].market) for symbol in symbols],
    }


def rate_limits(limits: PaperLimits) -> list[dict[str, object]]:
    return [
        _limit("REQUEST_WEIGHT", "MINUTE", 1, limits.weight_per_minute),
        _limit("ORDERS", "SECOND", 10, limits.orders_per_10_seconds),
        _limit("ORDERS", "DAY", 1, limits.orders_per_day),
    ]


def _limit(kind: str, interval: str, number: int, limit: int) -> dict[str, object]:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }


def _symbol(market: Market) -> dict[str, object]:
    return {
        "symbol": id_of(market.symbol),
        "status": "TRADING",
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(ORDER_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(market),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
    }


def _filters(market: Market) -> list[dict[str, object]]:
    lot = {
        "minQty": money(market.quantity_min),
        "maxQty": money(market.quantity_max),
        "stepSize": money(market.step_size),
    }
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": money(market.tick_size),
            "maxPrice": money(rules.PRICE_MAX),
            "tickSize": money(market.tick_size),
        },
        {"filterType": "LOT_SIZE", **lot},
        {"filterType": "MARKET_LOT_SIZE", **lot},
        {
            "filterType": "NOTIONAL",
            "minNotional": money(market.notional_min),
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": str(rules.PRICE_UP),
            "bidMultiplierDown": str(rules.PRICE_DOWN),
            "askMultiplierUp": str(rules.PRICE_UP),
            "askMultiplierDown": str(rules.PRICE_DOWN),
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": market.orders_max},
    ]
