"""What we change in ccxt's Bybit: whose time it signs with, what it hears, where it goes."""

import copy
import hashlib
from typing import Any, Self

import aiohttp

from tradingbot.adapters.ccxt_lean import pro_class
from tradingbot.adapters.ccxt_line import Message
from tradingbot.adapters.ccxt_wire import Hearing, Wire, block, settings
from tradingbot.exchanges.ports import Mode

# "Terminate all sessions and wait for at least 10 minutes."
PAUSES = {403: 600.0, 429: 5.0}
ROOM = ("X-BAPI-LIMIT", "X-BAPI-LIMIT-STATUS")
AUTH_MS = 10_000

_Ccxt: Any = pro_class("bybit")


class BybitWire(Wire, _Ccxt):  # type: ignore[misc]  # ccxt carries no types
    fixed_ms: int | None = None

    @staticmethod
    def said(answer: Any) -> tuple[int, str] | None:
        if isinstance(answer, dict) and answer.get("retCode", 0) != 0:
            return int(answer["retCode"]), str(answer.get("retMsg", ""))
        return None

    def for_one(self, timestamp_ms: int, window_ms: int) -> Self:
        """A copy for one request, signed with its own time and window whenever it is sent."""
        wire = copy.copy(self)
        wire.fixed_ms = timestamp_ms
        wire.options = {**self.options, "recvWindow": window_ms}
        return wire

    def nonce(self) -> int:
        return super().nonce() if self.fixed_ms is None else self.fixed_ms

    def greeting(self) -> Message:
        """In ccxt's own stead, which goes by our clock whatever the exchange's says."""
        expires, secret = self.nonce() + AUTH_MS, self.secret
        signed = f"GET/realtime{expires}"
        if "PRIVATE KEY" in secret:
            signature = self.rsa(signed, secret, "sha256")
        else:
            signature = self.hmac(self.encode(signed), self.encode(secret), hashlib.sha256)
        return {"op": "auth", "args": [self.apiKey, expires, signature]}

    def on_rest_response(
        self, code: int, reason: str, url: str, method: str, response_headers: Any, *rest: Any
    ) -> str:
        if not url.endswith("/order/create"):  # each endpoint has a limit of its own
            response_headers = {
                name: value for name, value in response_headers.items() if name.upper() not in ROOM
            }
        return super().on_rest_response(code, reason, url, method, response_headers, *rest)

    def handle_message(self, client: Any, message: Any) -> None:
        if isinstance(message, dict) and "pong" in (message.get("op"), message.get("ret_msg")):
            client.lastPong = self.milliseconds()
        else:
            super().handle_message(client, message)


def bybit_wire(
    mode: Mode, paper_url: str | None, session: aiohttp.ClientSession, hearing: Hearing
) -> BybitWire:
    wire = BybitWire(settings(session))
    wire.hearing = hearing
    if mode is Mode.TESTNET:
        wire.set_sandbox_mode(True)
    if mode is Mode.PAPER:
        assert paper_url is not None, "paper mode needs the paper exchange's address"
        _point_at(wire.urls["api"], f"{paper_url.rstrip('/')}/bybit")
    return wire


def address(wire: Any, *path: str) -> str:
    found = wire.urls["api"]["ws"]
    for name in path:
        found = found[name]
    return str(wire.implode_hostname(found))


def _point_at(urls: dict[str, Any], paper: str) -> None:
    block(urls)
    streams = "ws" + paper.removeprefix("http")
    urls["public"] = urls["private"] = paper
    urls["ws"]["public"]["spot"] = f"{streams}/v5/public/spot"
    urls["ws"]["private"]["spot"]["unified"] = f"{streams}/v5/private"
