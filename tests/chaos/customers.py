"""People who trade by hand through the API, and ask again with the same key until they know."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, TypeAlias

import aiohttp

from tests.chaos.fleet import Fleet

Json: TypeAlias = dict[str, Any]

PERSON = {"email": "ann@example.com", "password": "a long enough password"}
ANSWER_SECONDS_MAX = 15.0
PAUSE_SECONDS = 0.1
# Under a storm, look-ups of what is in doubt leave little room for new orders.
PATIENCE_SECONDS = 300.0
MARKETS = {"BTC/USDT": ("0.001", "0.01"), "ETH/USDT": ("0.01", "0.01")}
# What comes back from a cancel that was not needed any more.
OVER = (404, 409)


class GaveUp(AssertionError):  # noqa: N818  # because errors are facts here
    """No clear answer in all that time."""


class Desk:
    """One person at the API, whichever of its processes answers."""

    def __init__(self, http: aiohttp.ClientSession, urls: Sequence[str]) -> None:
        self._http = http
        self._urls = itertools.cycle(urls)  # the next one for each try
        self._headers: dict[str, str] = {}
        self.answers: Counter[int] = Counter()

    async def sign_in(self) -> None:
        await self.insist("POST", "/api/auth/register", PERSON)
        tokens = await self.insist("POST", "/api/auth/login", PERSON)
        self._headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    async def ask(
        self, method: str, path: str, body: object = None, *, at: str = "", **headers: str
    ) -> tuple[int, Any]:
        """One try, `at` a certain API process or any. Raises ClientError or TimeoutError."""
        url = (at or next(self._urls)) + path
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
        async with self._http.request(
            method, url, json=body, headers={**self._headers, **headers}, timeout=timeout
        ) as answer:
            self.answers[answer.status] += 1
            return answer.status, await answer.json(content_type=None)

    async def insist(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The first answer that is not "try again"."""
        last: object = None
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                status, said = await self.ask(method, path, body, **headers)
            except (aiohttp.ClientError, TimeoutError) as error:
                last = repr(error)
            else:
                if status < 500:
                    return said
                last = status, said
            await asyncio.sleep(PAUSE_SECONDS)
        raise GaveUp(f"{method} {path}: {last}")


@dataclass
class Customer:
    """An account of its own, and what was asked for on it: by key, the id the API gave it."""

    number: int
    exchange: str
    bot_id: int
    chance: Random
    side: str  # always this one: who trades with himself is another test's matter
    asked: dict[str, int] = field(default_factory=dict)
    resting: list[int] = field(default_factory=list)


class Crowd:
    """Customers who place and cancel, as their seed has it, until so many orders were asked for."""

    def __init__(self, fleet: Fleet, desk: Desk, exchanges: Sequence[str], seed: int) -> None:
        self._fleet = fleet
        self._desk = desk
        self._exchanges = exchanges
        self._seed = seed
        self.customers: list[Customer] = []
        self.prices: Mapping[str, Decimal] = {}
        self.placed = 0  # and answered
        self._asked = 0
        self.refused: Counter[str] = Counter()

    async def arrive(self, count: int) -> None:
        """Open their accounts."""
        for number in range(count):
            exchange = self._exchanges[number % len(self._exchanges)]
            bot = await self.bot(exchange, f"customer-{number}", start=False)
            chance = Random(f"{self._seed}:customer:{number}")  # noqa: S311  # repeatable
            side = ("buy", "sell")[number // len(self._exchanges) % 2]
            self.customers.append(Customer(number, exchange, bot["id"], chance, side))

    async def bot(self, exchange: str, name: str, **changes: object) -> Any:
        """A bot with an account of its own."""
        keys = {"api_key": f"key-of-{name}-{self._seed}", "api_secret": "secret"}
        body = {"name": name, "exchange": exchange, "strategy": "grid", **keys, **changes}
        made = await self._desk.insist(
            "POST", "/api/bots", body, **{"Idempotency-Key": f"{name}:{self._seed}"}
        )
        assert "id" in made, made
        return made

    async def look(self) -> None:
        """What the markets are at."""
        url = f"{self._fleet.exchange.url}/paper/status"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            told = await answer.json()
        self.prices = {name: Decimal(price) for name, price in told["prices"].items()}

    async def trade_on(self, cancels: float = 0.3) -> None:
        """Until cancelled."""
        while True:
            await self.trade(20, cancels=cancels)

    async def trade(self, orders: int, *, hands: int = 1, cancels: float = 0.3) -> None:
        """So many orders, `hands` at a time by each; a share of what rests is cancelled again."""
        await self.look()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch())
            work = [
                group.create_task(self._work(customer, self._asked + orders, cancels))
                for customer in self.customers
                for _ in range(hands)
            ]
            await asyncio.wait(work)
            watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            try:
                await self.look()
            except (aiohttp.ClientError, OSError, TimeoutError):
                continue  # the exchange has just died

    async def _work(self, customer: Customer, until: int, cancels: float) -> None:
        while self._asked < until:
            self._asked += 1
            await self.place(customer, f"{self._seed}:{customer.number}:{self._asked}")
            if customer.resting and customer.chance.random() < cancels:
                await self.cancel(customer)

    async def place(self, customer: Customer, key: str, **changes: object) -> Json:
        """One order, asked for with the same key until it is known what became of it."""
        body = {**(changes or self._wish(customer)), "bot_id": customer.bot_id}
        order: Json = await self._desk.insist(
            "POST", "/api/orders", body, **{"Idempotency-Key": key}
        )
        self.placed += 1
        if "id" not in order and "order" in order:
            order = order["order"]  # refused by the exchange, and kept
        if "id" in order:
            customer.asked[key] = order["id"]
            customer.resting.append(order["id"])
        else:
            self.refused[str(order.get("code"))] += 1
        return order

    async def rest(self, customer: Customer) -> Json:
        """One order so far from the market that it stays where it is."""
        self._asked += 1
        key = f"{self._seed}:{customer.number}:{self._asked}"
        return await self.place(customer, key, **self.resting_wish())

    def resting_wish(self) -> Json:
        price = (self.prices["BTC/USDT"] / 2).quantize(Decimal(1))
        wish = {"symbol": "BTC/USDT", "side": "buy", "type": "limit", "quantity": "0.001"}
        return {**wish, "price": str(price)}

    async def cancel(self, customer: Customer) -> None:
        order = customer.resting.pop(customer.chance.randrange(len(customer.resting)))
        await self._desk.insist("DELETE", f"/api/orders/{order}")

    def _wish(self, customer: Customer) -> Json:
        """Near the market mostly, so that it trades soon; sometimes far, sometimes at once."""
        chance = customer.chance
        symbol = chance.choice(list(MARKETS))
        quantity, tick = MARKETS[symbol]
        side = customer.side
        wish = {"symbol": symbol, "side": side, "quantity": quantity}
        if chance.random() < 0.1:
            return {**wish, "type": "market"}
        away = chance.choice((0.0005, 0.001, 0.003, 0.05))
        towards = 1 - away if side == "buy" else 1 + away
        price = (self.prices[symbol] * Decimal(str(towards))).quantize(Decimal(tick))
        return {**wish, "type": "limit", "price": str(price)}
