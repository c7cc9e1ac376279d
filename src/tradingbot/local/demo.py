"""A demo user with running bots, and a look at how they do."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import aiohttp
from rich.live import Live

from tradingbot.local.directory import DataDirectory
from tradingbot.local.screen import BOTS_SHOWN, Json, Status, as_line, as_screen, console, tell
from tradingbot.local.up import Running

EMAIL = "demo@example.com"
LOOK_SECONDS = 1.0
LINE_SECONDS = 5.0
SYMBOLS = ("BTC/USDT", "ETH/USDT")


class Refused(Exception):  # noqa: N818  # because errors are facts here, not "…Error"
    """The API said no; the words are its own."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"the API refused ({status}): {detail}")
        self.status = status


class Client:
    """The demo user, signed in, and again when the token has run out."""

    def __init__(self, session: aiohttp.ClientSession, password: str) -> None:
        self._session = session
        self._account = {"email": EMAIL, "password": password}
        self._headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        """Sign in; register first when there is no such user yet."""
        self._headers = {}
        try:
            answer = await self._send("POST", "/api/auth/login", self._account)
        except Refused:
            await self._send("POST", "/api/auth/register", self._account)
            answer = await self._send("POST", "/api/auth/login", self._account)
        self._headers = {"Authorization": f"Bearer {answer['access_token']}"}

    async def get(self, path: str) -> Json:
        try:
            return await self._send("GET", path)
        except Refused as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise
        await self.sign_in()
        return await self._send("GET", path)

    async def post(self, path: str, body: Json) -> Json:
        return await self._send("POST", path, body)

    async def _send(self, method: str, path: str, body: Json | None = None) -> Json:
        async with self._session.request(method, path, json=body, headers=self._headers) as answer:
            content: Any = await answer.json(content_type=None)
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise Refused(answer.status, str((content or {}).get("detail", content)))
            return dict(content)


class Watch:
    """Looks again and again, and tells of the first order filled since the start."""

    def __init__(self, client: Client, running: Running, title: str, begun: float) -> None:
        self._client = client
        self._running = running
        self._title = title
        self._begun = begun
        self._filled_before: frozenset[int] | None = None
        self._told = False

    async def run(self, pause: float, draw: Callable[[Status], None]) -> None:
        """Draw every `pause` seconds until cancelled; look more often."""
        drawn = -pause
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, Refused):  # it may be starting again
                status = await self._look()
                if time.monotonic() - drawn >= pause:
                    drawn = time.monotonic()
                    draw(status)
            await asyncio.sleep(LOOK_SECONDS)

    async def notice_fills(self) -> list[Json]:
        fills: list[Json] = (await self._client.get("/api/orders?status=filled"))["items"]
        ids = frozenset(order["id"] for order in fills)
        if self._filled_before is None:
            self._filled_before = ids
        if not self._told and ids - self._filled_before:
            self._told = True
            tell(f"first filled order after {time.monotonic() - self._begun:.1f} s")
        return fills

    async def _with_results(self, bot: Json) -> Json:
        performance = await self._client.get(f"/api/bots/{bot['id']}/performance")
        return {**bot, "quote": performance["quote"], **performance["strategy"]}

    async def _look(self) -> Status:
        bots, open_orders, stats, fills = await asyncio.gather(
            self._client.get("/api/bots"),
            self._client.get("/api/orders?status=open"),
            self._client.get("/api/stats"),
            self.notice_fills(),
        )
        return Status(
            title=self._title,
            bots=[await self._with_results(bot) for bot in bots["items"][:BOTS_SHOWN]],
            open_orders=open_orders["items"],
            fills=fills,
            stats=stats,
            pids=self._running.pids(),
        )


async def accompany(running: Running, *, directory: DataDirectory, begun: float) -> None:
    """Make the demo user and its bots when they are not there yet, then show how they do.

    `begun` is the monotonic time of the start. Runs until cancelled.
    """
    password = directory.secret("demo_password")
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(running.api_url, timeout=timeout) as session:
        client = Client(session, password)
        title = f"{running.api_url}/docs   sign in: {EMAIL}   password: {password}"
        watch = Watch(client, running, title, begun)
        await client.sign_in()
        await watch.notice_fills()
        await create_missing_bots(client, running.paper_exchange_url)
        tell(title)
        await show(watch)


async def create_missing_bots(client: Client, paper_url: str) -> None:
    names = {bot["name"] for bot in (await client.get("/api/bots"))["items"]}
    for symbol in SYMBOLS:
        if f"Demo grid {symbol}" not in names:
            await client.post("/api/bots", bot(symbol, await price_of(symbol, paper_url)))


def bot(symbol: str, price: Decimal) -> Json:
    """Wide enough to stay in for a while, dense enough that every few seconds cross a line."""
    return {
        "name": f"Demo grid {symbol}",
        "exchange": "binance",
        "strategy": "grid",
        "symbol": symbol,
        "api_key": "demo-key",
        "api_secret": "demo-secret",
        "params": {
            "lower": str(round(price * Decimal("0.95"), 1)),
            "upper": str(round(price * Decimal("1.05"), 1)),
            "lines": 31,
            "investment": "10000",
        },
    }


async def price_of(symbol: str, paper_url: str) -> Decimal:
    place = f"{paper_url}/binance/api/v3/ticker/price?symbol={symbol.replace('/', '')}"
    async with aiohttp.ClientSession() as session, session.get(place) as answer:
        return Decimal((await answer.json())["price"])


async def show(watch: Watch) -> None:
    if not console.is_terminal:
        await watch.run(LINE_SECONDS, lambda status: tell(as_line(status)))
        return
    with Live(console=console, auto_refresh=False) as live:
        await watch.run(LOOK_SECONDS, lambda status: live.update(as_screen(status), refresh=True))
