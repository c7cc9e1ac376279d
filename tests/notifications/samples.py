"""What the recorders really say of each kind of event, as tests need it."""

from typing import Any

from tradingbot.events.schemas import EventType

ORDER: dict[str, Any] = {
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "quantity": "0.001",
    "price": "50000",
    "filled_quantity": "0.001",
    "average_price": "49990.5",
    "fee": "0.01",
    "fee_currency": "USDT",
    "status": "filled",
    "code": None,
    "reason": "",
    "message": "Order filled.",
    "bot_id": 1,
    "order_id": 7,
    "bot": "My grid",
}
BOT: dict[str, Any] = {
    "bot": "My grid",
    "strategy": "grid",
    "symbol": "BTC/USDT",
    "exchange": "binance",
    "mode": "paper",
    "message": "My grid is running.",
    "reason": "",
}
LEFT = "no orders, 0.0021 BTC left, worth about 104.98 USDT; 12.5 USDT earned in 3 cells"
NO_MONEY = "it needs 1,000 USDT, and the account has 3.5 USDT that belong to no bot"
STRANGER = "An order of ours is open on the exchange and not in our books: buy 0.5 BTC on BTC/USDT"
HELD = "Trading on this account is held until you release it."
SAMPLES: dict[EventType, dict[str, Any]] = {
    EventType.BOT_CREATED: BOT,
    EventType.BOT_STARTED: BOT,
    EventType.BOT_STOPPED: BOT | {"reason": f"stopped by its owner: {LEFT}", "profit": "12.5"},
    EventType.BOT_ERROR: BOT | {"reason": NO_MONEY},
    EventType.ORDER_PLACED: ORDER
    | {
        "filled_quantity": "0",
        "average_price": None,
        "reason": "line 7 bought at 49,000: selling 0.001 BTC at 50,000.5",
    },
    EventType.ORDER_FILLED: ORDER | {"profit": "1234.5678"},
    EventType.ORDER_CANCELLED: ORDER | {"reason": "the exchange let it expire"},
    # An exchange's own words stay as they are.
    EventType.EXCHANGE_ERROR: ORDER
    | {"filled_quantity": "0", "reason": "Account has insufficient balance."},
    EventType.TARGET_REACHED: BOT
    | {"profit": "50", "reason": "price 70,010.5 reached the take profit at 70,000"},
    EventType.DEAL_CLOSED: BOT
    | {"profit": "-3.25", "reason": "price 44,990 reached the stop loss at 45,000"},
    EventType.ACCOUNT_WARNING: {
        "account": "binance ***abcd",
        "exchange": "binance",
        "kind": "stranger",
        "reason": f"{STRANGER}. {HELD}",
    },
    EventType.DAILY_SUMMARY: {
        "fills": 1234,
        "profit": "12.5",
        "profit_currency": "USDT",
        "more_profit": "-0.00012 BTC, 1234.5 EUR",
        "fees_paid": "0.0001 BTC, 1200.2 USDT",
        "best_bot": "My grid",
        "best_profit": "2000",
        "worst_bot": "Night",
        "worst_profit": "-1987.5",
        "open_orders": 12,
    },
}
