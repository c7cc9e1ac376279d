"""Rows, moments and arguments to try a statement with, drawn from a seed."""

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.seeds.exchange import BEGINNING
from tests.seeds.shapes import Row
from tradingbot.trading.order import OrderStatus

WORKERS = ("w1", "w2", "w3")
STATUSES = tuple(map(str, OrderStatus))
BOT_STATUSES = ("starting", "running", "stopping", "stopped", "error")
COMMANDS = (None, None, "start", "stop", "update")
SYMBOLS = ("BTC/USDT", "ETH/USDT")
COINS = ("BNB", "BTC", "USDT")
SLOTS = ("grid:01:buy", "manual:abc")
USERS = ACCOUNTS = 2
BOTS = ORDERS = 3


class Sample:
    """Everything small, so that rows are met again, and conflicts with them."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)

    def rows(self) -> list[tuple[str, Row]]:
        """What is in the tables beforehand: parents before children, ids left to the tables."""
        found: list[tuple[str, Row]] = [
            ("users", {"email": f"{n}@example.com", "password_hash": "-"}) for n in range(USERS)
        ]
        found += [("exchange_accounts", self._account(n)) for n in range(ACCOUNTS)]
        found += [("bots", self._bot(n)) for n in range(BOTS)]
        found += [("orders", self._order(n)) for n in range(ORDERS)]
        found += [("holdings", holding) for holding in self._holdings()]
        found += [("workers", self._worker(name)) for name in WORKERS[:2]]
        for _ in range(self.chance.randrange(4)):
            found.append(("bot_inbox", {"bot_id": self.a_bot(), "event": self.some_json()}))
        for _ in range(self.chance.randrange(3)):
            found.append(("outbox", {"queue": "q", "body": self.some_json()}))
        return found

    def _account(self, number: int) -> Row:
        return {
            "user_id": 1 + number % USERS,
            "exchange": "binance",
            "mode": "paper",
            "name": "mine",
            "api_key_encrypted": self.chance.choice(("", "sealed")),
            "api_secret_encrypted": "sealed",
            "api_key_hint": "hint",
            "api_key_fingerprint": f"print {number}",
            "monitor_id": self.chance.choice((None, *WORKERS)),
            "reconciled_at": self.chance.choice((None, self.moment())),
        }

    def _holdings(self) -> list[Row]:
        pockets = [
            {"account_id": account, "bot_id": bot, "origin": origin, "asset": asset}
            for account in range(1, ACCOUNTS + 1)
            for bot, origin in ((0, "free"), (1, "bot"), (1, "manual"), (2, "bot"))
            for asset in COINS
        ]
        some = self.chance.sample(pockets, 6)
        return [{**pocket, "amount": self.number()} for pocket in some]

    def _bot(self, number: int) -> Row:
        return {
            "uid": f"uid-{number}",
            "user_id": self.chance.randint(1, USERS),
            "account_id": self.chance.randint(1, ACCOUNTS),
            "name": "a bot",
            "exchange": "binance",
            "strategy": self.chance.choice(("grid", "dca")),
            "symbol": "BTC/USDT",
            "mode": "paper",
            "wanted": "running",
            "status": self.chance.choice(BOT_STATUSES),
            "command": self.chance.choice(COMMANDS),
            "worker_id": self.chance.choice((None, *WORKERS)),
            "lease_token": self.chance.randrange(2),
            "deleted_at": self.chance.choice((None, None, self.moment())),
        }

    def _order(self, number: int) -> Row:
        return {
            "user_id": self.chance.randint(1, USERS),
            "bot_id": self.a_bot(),
            "account_id": self.chance.randint(1, ACCOUNTS),
            "symbol": self.chance.choice(SYMBOLS),
            "slot": f"{self.chance.choice(SLOTS)}",
            "round": number,
            "origin": self.chance.choice(("bot", "manual")),
            "side": self.chance.choice(("buy", "sell")),
            "type": "limit",
            "quantity": self.number(),
            "price": self.chance.choice((None, self.number())),
            "estimate": self.chance.choice((None, self.number())),
            "status": self.chance.choice(STATUSES),
            "client_order_id": f"cid-{number}",
            "exchange_order_id": self.chance.choice((None, "7", "8")),
            "lookups_missed": self.chance.randrange(7),
            "sign_timestamp_ms": self.chance.choice((None, 1_000, 2_000, 3_000)),
            "check_after": self.chance.choice((None, self.moment(), self.moment())),
            "cancel_requested_at": self.chance.choice((None, self.moment())),
            "created_at": self.moment(),
        }

    def _worker(self, name: str) -> Row:
        return {"id": name, "kind": "bot-worker", "alive_until": self.moment()}

    # --- values

    def number(self) -> Decimal:
        return Decimal(self.chance.randint(1, 10**6)).scaleb(-self.chance.randrange(7))

    def moment(self) -> Any:
        """Within some seconds of the present one, or an hour or two off."""
        away = self.chance.choice((5.0, 5.0, 7_200.0))
        return BEGINNING + timedelta(seconds=round(self.chance.uniform(-away, away), 6))

    def a_bot(self) -> int:
        return self.chance.randint(1, BOTS)

    def some_json(self) -> str:
        value = {"kind": "x", "long name": [1, "é"], "b": {"n": None}}
        return json.dumps({**value, "n": self.chance.randrange(9)}, ensure_ascii=False)

    def many_ids(self, numbers: Sequence[int]) -> list[str]:
        """Client order ids and exchanges' own, in one list."""
        return [f"cid-{number}" for number in numbers] + [str(number) for number in numbers]

    def value(self, name: str) -> Any:
        """For a bound value, by its name. Raises KeyError for one nobody thought of."""
        chance, an_id = self.chance, self.chance.randint(1, 4)
        pools: dict[str, Any] = {
            **dict.fromkeys(("id", "order_id", "bot_id", "sign_timestamp_ms"), an_id),
            **dict.fromkeys(("user_id", "account_id"), chance.randint(1, 3)),
            **dict.fromkeys(("worker_id", "holder"), chance.choice(WORKERS)),
            **dict.fromkeys(("quantity", "price", "fee", "filled_cost"), self.number()),
            **dict.fromkeys(("event", "intents", "state", "data", "body"), self.some_json()),
            **dict.fromkeys(("reason", "message", "queue", "status_reason"), "words é"),
            **dict.fromkeys(("number", "steps_taken", "lease_token"), chance.randrange(3)),
            **dict.fromkeys(("held", "watched", "compared"), chance.sample(range(1, 5), 2)),
            **dict.fromkeys(("what", "why"), "words é"),
            **dict.fromkeys(("estimate", "drawn"), self.number()),
            "bots": [0, self.a_bot()],
            "origins": chance.sample(("free", "bot", "manual"), 2),
            "assets": chance.sample(COINS, 2),
            "amounts": [self.number(), -self.number()],
            "subject": chance.choice(("s1", "s2")),
            "subjects": chance.sample(("s1", "s2", "s3"), 2),
            "most": chance.choice((1, 200)),
            "before": an_id,
            "trade_id": chance.choice((None, "1", "2")),
            "round": chance.randrange(5),
            "slot": chance.choice(SLOTS),
            "symbol": chance.choice(SYMBOLS),
            "origin": "bot",
            "side": "sell",
            "status": chance.choice(STATUSES),
            "code": chance.choice((None, "not_placed")),
            "filled_quantity": self.number(),
            "fee_currency": chance.choice(("BTC", "USDT")),
            "client_order_id": f"cid-{chance.randrange(5)}",
            "exchange_order_id": chance.choice(("7", "8", "9")),
            "exchange_trade_id": chance.choice(("1", "2")),
            "liquidity": "maker",
            "traded_at": self.moment(),
            "recv_window_ms": 5_000,
            "soon_ms": chance.choice((400, 5_000)),
            "watches": '[{"trigger": "t"}]',
            "strategies": chance.choice((["grid"], ["grid", "dca"], [])),
            "kind": "bot-worker",
            "type": chance.choice(("limit", "order_filled")),
        }
        return pools[name]
