"""Bybit's REST interface: bytes in, its envelope and limit headers out."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from tradingbot.paper.bybit_endpoints import REST
from tradingbot.paper.bybit_errors import Shut
from tradingbot.paper.bybit_gateway import Answered, Gateway, Request

NOT_FOUND = "<html><body><h1>404 Not Found</h1></body></html>"
SHUT_OUT = "<html><body><h1>403 Forbidden</h1>access too frequent</body></html>"


class RestDoor:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def handle(self, request: web.Request) -> web.Response:
        path, venue = request.match_info["path"], self._gateway.venue
        try:
            self._gateway.limiter.visit(request.remote or "", venue.now())
        except Shut:
            return web.Response(status=403, text=SHUT_OUT, content_type="text/html")
        endpoint = REST.get((request.method, path))
        if endpoint is None:
            return web.Response(status=404, text=NOT_FOUND, content_type="text/html")
        text = request.rel_url.raw_query_string
        if request.method == "POST":
            text = await request.text()
        return self._answer(await self._gateway.run(path, endpoint, _read(request, text)))

    def _answer(self, answered: Answered) -> web.Response:
        # Nothing is answered before the journal has it.
        self._gateway.venue.flush()
        return web.Response(
            body=orjson.dumps(
                {
                    "retCode": answered.code,
                    "retMsg": answered.msg,
                    "result": answered.result,
                    "retExtInfo": answered.extra,
                    "time": self._gateway.venue.now(),
                }
            ),
            headers=answered.allowance.headers() if answered.allowance else None,
            content_type="application/json",
        )


def _read(request: web.Request, text: str) -> Request:
    headers = request.headers
    timestamp, key = headers.get("X-BAPI-TIMESTAMP"), headers.get("X-BAPI-API-KEY")
    window, sign = headers.get("X-BAPI-RECV-WINDOW"), headers.get("X-BAPI-SIGN")
    signed = f"{timestamp}{key}{window or ''}{text}"
    return Request(
        api_key=key,
        timestamp=timestamp,
        window=window,
        sent=_body(text) if request.method == "POST" else dict(parse_qsl(text, True)),
        verify=verifier(signed, sign) if sign else None,
    )


def _body(text: str) -> dict[str, object]:
    """What is no JSON object says nothing: its parameters are missing then."""
    try:
        sent = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return sent if isinstance(sent, dict) else {}


def verifier(signed: str, sign: str) -> Callable[[str], bool]:
    def verify(secret: str) -> bool:
        made = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(made.encode(), sign.lower().encode())

    return verify
