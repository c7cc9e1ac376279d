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
NO_MONEY = "the account has 3 USDT, and 100 USDT are needed"
SAMPLES: dict[EventType, dict[str, Any]] = {
    EventType.BOT_CREATED: BOT,
    EventType.BOT_STARTED: BOT,
    EventType.BOT_STOPPED: BOT | {"reason": "stopped by its owner", "profit": "12.5"},
    EventType.BOT_ERROR: BOT | {"reason": NO_MONEY},
    EventType.ORDER_PLACED: ORDER
    | {"filled_quantity": "0", "average_price": None, "reason": "grid line 7 of 50"},
    EventType.ORDER_FILLED: ORDER | {"profit": "1234.5678"},
    EventType.ORDER_CANCELLED: ORDER | {"reason": "its bot was stopped"},
    EventType.EXCHANGE_ERROR: ORDER | {"filled_quantity": "0", "reason": "not enough USDT"},
    EventType.TARGET_REACHED: BOT | {"profit": "50", "reason": "take profit at 70000"},
    EventType.DEAL_CLOSED: BOT | {"profit": "-3.25", "reason": "stop loss"},
    EventType.ACCOUNT_WARNING: {
        "account": "binance ***abcd",
        "exchange": "binance",
        "kind": "stranger",
        "reason": "an order of ours that the books do not know. Nothing more is sent from it",
    },
    EventType.DAILY_SUMMARY: {
        "fills": 23,
        "profit": "12.5",
        "profit_currency": "USDT",
        "fees": "0.42",
        "quote": "USDT",
        "reason": "2 bots ran all day",
    },
}
