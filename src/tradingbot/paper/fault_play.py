"""How an answer is spoilt: connections torn, bodies cut, pages where JSON should be."""

import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson
from aiohttp import web

from tradingbot.paper.arrivals import BYBIT
from tradingbot.paper.bybit_errors import too_many
from tradingbot.paper.bybit_limits import Allowance
from tradingbot.paper.bybit_rest import SHUT_OUT
from tradingbot.paper.faults import Fault, Rule

# Closing with this tells the other side of a failure (RST), not of a polite end (FIN).
RUDE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Scene:
    """One request that comes to harm. `hold` waits, unless the exchange stops first."""

    request: web.Request
    exchange: str
    rule: Rule
    now: int  # ms
    hold: Callable[[float], Awaitable[None]]


def reset(request: web.Request) -> web.Response:
    """The connection is gone, and nothing was answered."""
    transport = request.transport
    if transport is not None:
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RUDE)
        transport.abort()
    return web.Response()  # aiohttp wants one; it goes nowhere


async def _drop(scene: Scene) -> web.StreamResponse:
    return reset(scene.request)


async def _hang(scene: Scene) -> web.StreamResponse:
    await scene.hold(scene.rule.seconds)
    return reset(scene.request)


async def _status(scene: Scene) -> web.StreamResponse:
    return _page(scene.rule.status, f"{scene.rule.status} error")


async def _rate_limited(scene: Scene) -> web.StreamResponse:
    if scene.exchange == BYBIT:
        limits = Allowance(0, 0, scene.now + _pause(scene) * 1000).headers()
        error = too_many()
        body = {"retCode": error.code, "retMsg": error.msg, "result": {}, "retExtInfo": {}}
        return _json(body | {"time": scene.now}, 200, limits)
    msg = "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."
    return _json({"code": -1003, "msg": msg}, 429, {"Retry-After": str(_pause(scene))})


async def _banned(scene: Scene) -> web.StreamResponse:
    if scene.exchange == BYBIT:
        return web.Response(status=403, text=SHUT_OUT, content_type="text/html")
    until = scene.now + _pause(scene) * 1000
    msg = f"Way too much request weight used; IP banned until {until}."
    return _json({"code": -1003, "msg": msg}, 418, {"Retry-After": str(_pause(scene))})


async def _drop_after(scene: Scene, _: web.StreamResponse) -> web.StreamResponse:
    return reset(scene.request)


async def _hang_after(scene: Scene, _: web.StreamResponse) -> web.StreamResponse:
    return await _hang(scene)


async def _cut(scene: Scene, answer: web.StreamResponse) -> web.StreamResponse:
    """Half of the body arrives, and then the connection ends."""
    assert isinstance(answer, web.Response)
    assert isinstance(answer.body, bytes)
    torn = web.StreamResponse(status=answer.status, headers=answer.headers)
    torn.content_length = len(answer.body)
    await torn.prepare(scene.request)
    await torn.write(answer.body[: len(answer.body) // 2])
    if scene.request.transport is not None:
        scene.request.transport.close()  # not abort: what was written must get there
    return torn


async def _empty(_: Scene, __: web.StreamResponse) -> web.StreamResponse:
    return web.Response(content_type="application/json")


async def _html(_: Scene, __: web.StreamResponse) -> web.StreamResponse:
    return _page(200, "Please stand by")


async def _status_after(scene: Scene, _: web.StreamResponse) -> web.StreamResponse:
    return await _status(scene)


async def _slow(scene: Scene, answer: web.StreamResponse) -> web.StreamResponse:
    await scene.hold(scene.rule.seconds)
    return answer


def _pause(scene: Scene) -> int:
    return max(1, round(scene.rule.seconds))


def _page(status: int, title: str) -> web.Response:
    """What a gateway or a load balancer puts in between."""
    text = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return web.Response(status=status, text=text, content_type="text/html")


def _json(body: object, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(
        body=orjson.dumps(body), status=status, headers=headers, content_type="application/json"
    )


Instead: TypeAlias = Callable[[Scene], Awaitable[web.StreamResponse]]
Afterwards: TypeAlias = Callable[[Scene, web.StreamResponse], Awaitable[web.StreamResponse]]

# What is done in place of the request, and what to the answer of one that was executed.
INSTEAD: Mapping[Fault, Instead] = {
    Fault.DROP_BEFORE: _drop,
    Fault.HANG: _hang,
    Fault.STATUS: _status,
    Fault.RATE_LIMITED: _rate_limited,
    Fault.BANNED: _banned,
}
AFTERWARDS: Mapping[Fault, Afterwards] = {
    Fault.DROP_AFTER: _drop_after,
    Fault.HANG_AFTER: _hang_after,
    Fault.CUT: _cut,
    Fault.EMPTY: _empty,
    Fault.HTML: _html,
    Fault.STATUS_AFTER: _status_after,
    Fault.SLOW: _slow,
}
