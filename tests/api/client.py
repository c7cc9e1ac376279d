"""The API in this process on a real database, with a real paper exchange behind it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.adapters.redis_cache import RedisCache
from tradingbot.adapters.redis_doorbell import RedisDoorbell
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.adapters.web_gate import WebGate
from tradingbot.api.app import create_app
from tradingbot.api.services import Check, Parts, Services
from tradingbot.bots import repository as bots
from tradingbot.bots.inbox import Inbox
from tradingbot.exchanges.ports import Mode
from tradingbot.kit.clock import Clock, SystemClock
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Database
from tradingbot.kit.vault import Vault
from tradingbot.notifications.audiences import Audiences
from tradingbot.notifications.confirmation import Confirmations
from tradingbot.notifications.desk import NotificationDesk
from tradingbot.notifications.way_out import WayOut
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.service import OrderDesk
from tradingbot.orders.sessions import Sessions
from tradingbot.strategies.catalogue import CATALOGUE
from tradingbot.telegram.service import ChatDesk
from tradingbot.users.passwords import Passwords

VAULT = Vault("a secret key for tests, long enough")
PUBLIC_URL = "https://bots.example.com"
PASSWORD = "correct horse battery"
BOT = {
    "name": "My Bot",
    "exchange": "binance",
    "strategy": "grid",
    "api_key": "…",
    "api_secret": "…",
}


@dataclass
class Api:
    http: httpx.AsyncClient
    database: Database
    exchanges: CcxtExchanges
    app: FastAPI
    nudges: list[int] = field(default_factory=list)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        content: dict[str, Any] = {} if body is None else {"json": body}
        return await self.http.request(method, path, headers=sent, **content)

    async def token(self, email: str = "ann@example.com") -> str:
        """Of a user who is registered by now."""
        person = {"email": email, "password": PASSWORD}
        await self.call("POST", "/api/auth/register", person)
        tokens = await self.call("POST", "/api/auth/login", person)
        return str(tokens.json()["access_token"])

    async def bot(self, token: str, **changes: object) -> dict[str, Any]:
        made = await self.call("POST", "/api/bots", BOT | changes, token=token)
        assert made.status_code == 201, made.text
        body: dict[str, Any] = made.json()
        return body

    async def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        async with self.database.begin() as connection:
            found = await connection.execute(text(query), values)
            return [dict(row) for row in found.mappings()] if found.returns_rows else []


@asynccontextmanager
async def running_api(
    database_url: str,
    redis_url: str,
    paper_url: str,
    *,
    clock: Clock | None = None,
    checks: Mapping[str, Check] | None = None,
    mode_max: Mode = Mode.PAPER,
) -> AsyncIterator[Api]:
    clock = clock or SystemClock()
    database = Database(database_url, connections_max=5)
    exchanges = CcxtExchanges(paper_url=paper_url, open_secret=VAULT.open, clock=SystemClock())
    doorbell = RedisDoorbell(redis_url)
    queue, cache = RedisQueue(redis_url, "api"), RedisCache(redis_url)
    nudges: list[int] = []

    def nudge() -> None:
        nudges.append(1)

    try:
        async with Crew() as crew:
            sessions = Sessions(database, exchanges)
            applier = Applier(database, Inbox(doorbell, nudge), SystemClock())
            executor = Executor(database, sessions, applier, SystemClock())
            audiences = Audiences(database, cache)
            confirmations = Confirmations(database, VAULT, audiences, PUBLIC_URL, offered=True)
            parts = Parts(
                database=database,
                vault=VAULT,
                clock=clock,
                exchanges=exchanges,
                orders=OrderDesk(database, sessions, executor, bots.find_account, crew.spawn),
                notifications=NotificationDesk(
                    database,
                    queue,
                    VAULT,
                    WebGate(),
                    audiences,
                    {"console", "webhook"},
                    confirmations,
                    answer_seconds=0.5,
                ),
                chats=ChatDesk(database, VAULT.fingerprints, audiences),
                confirmations=confirmations,
                way_out=WayOut(database, VAULT, audiences, PUBLIC_URL),
                strategies=CATALOGUE,
                nudge=nudge,
                forget=sessions.forget,
                mode_max=mode_max,
                passwords=Passwords(cost=4),
                checks=checks or {"database": database.ping},
            )
            app = create_app(Services(parts))
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
                yield Api(http, database, exchanges, app, nudges)
    finally:
        await doorbell.close()
        await queue.close()
        await cache.close()
        await exchanges.close()
        await database.close()
