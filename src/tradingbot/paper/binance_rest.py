"""Binance's REST interface: bytes in, JSON and rate-limit headers out."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from tradingbot.paper.binance_errors import ApiError
from tradingbot.paper.binance_gateway import Answered, Endpoint, Gateway, Request


class RestDoor:
    def __init__(self, gateway: Gateway, endpoints: Mapping[tuple[str, str], Endpoint]) -> None:
        self._gateway = gateway
        self._endpoints = endpoints

    async def handle(self, request: web.Request) -> web.Response:
        endpoint = self._endpoints.get((request.method, request.match_info["path"]))
        if endpoint is None:
            return web.Response(status=404, text="<html><body>404 Not found</body></html>")
        address = request.remote or ""
        try:
            answered = await self._gateway.run(endpoint, await _read(request, address))
        except ApiError as error:
            return self._refused(address, error)
        headers = {"X-MBX-USED-WEIGHT-1M": str(answered.weight)}
        if answered.orders is not None:
            headers |= _order_counts(answered)
        return self._json(answered.body, 200, headers)

    def _refused(self, address: str, error: ApiError) -> web.Response:
        used = self._gateway.limiter.used(address, self._gateway.venue.now())
        headers = {"X-MBX-USED-WEIGHT-1M": str(used)}
        if error.retry_after:
            headers["Retry-After"] = str(error.retry_after)
        return self._json(error.body(), error.status, headers)

    def _json(self, body: object, status: int, headers: dict[str, str]) -> web.Response:
        # Nothing is answered before the journal has it.
        self._gateway.venue.flush()
        return web.Response(
            body=orjson.dumps(body),
            status=status,
            headers=headers,
            content_type="application/json",
        )


async def _read(request: web.Request, address: str) -> Request:
    query = request.rel_url.raw_query_string
    body = (await request.text()) if request.body_exists else ""
    pairs = parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)
    sent = dict(pairs)
    if len(sent) != len(pairs):
        raise ApiError(-1101, "Duplicate values for a parameter detected.")

    def verify(secret: str) -> bool:
        payload = _unsigned(query) + _unsigned(body)
        made = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(made, sent["signature"].lower())

    return Request(address, request.headers.get("X-MBX-APIKEY"), sent, verify)


def _unsigned(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))


def _order_counts(answered: Answered) -> dict[str, str]:
    assert answered.orders is not None
    ten_seconds, day = answered.orders
    return {
        "X-MBX-ORDER-COUNT-10S": str(ten_seconds),
        "X-MBX-ORDER-COUNT-1D": str(day),
    }
