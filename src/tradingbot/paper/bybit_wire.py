"""A Bybit socket: the client keeps it alive, silence in both directions ends it."""

import asyncio
from collections.abc import Callable
from time import monotonic

import orjson
from aiohttp import web

from tradingbot.kit.ids import new_uid
from tradingbot.paper.wire import Wire

IDLE_MAX = 600.0  # seconds
LOOK_EVERY = 30.0  # seconds


class BybitWire(Wire):
    def __init__(self, request: web.Request, before_send: Callable[[], None]) -> None:
        super().__init__(request, before_send)
        self.id = new_uid()[:20]
        self._said = monotonic()

    def send(self, message: bytes) -> None:
        self._said = monotonic()
        super().send(message)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if monotonic() - max(self._heard, self._said) > IDLE_MAX:
                self._lost.set()


def parsed(message: bytes) -> dict[str, object] | None:
    """None for what is no JSON object."""
    try:
        asked = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    return asked if isinstance(asked, dict) else None


def topics_of(asked: dict[str, object]) -> list[str] | None:
    """The topics to be listened to; None when they are not a list of texts."""
    args = asked.get("args")
    if not isinstance(args, list) or not all(isinstance(topic, str) for topic in args):
        return None
    return args


def status(
    wire: BybitWire, asked: dict[str, object], *, success: bool, told: str
) -> dict[str, object]:
    """The answer to a command; a failure always says what it is."""
    body: dict[str, object] = {"success": success, "ret_msg": told, "conn_id": wire.id}
    if "req_id" in asked:
        body["req_id"] = str(asked["req_id"])
    return body | {"op": asked.get("op", "")}
