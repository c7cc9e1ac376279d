"""Around every request: one line in the log, and an answer even when we failed."""

import time
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tradingbot.api.problems import problem, too_large
from tradingbot.kit import ids
from tradingbot.kit.log import logger

BODY_BYTES_MAX = 2**20
DROPPED_BYTES_MAX = 16 * BODY_BYTES_MAX
QUIET = ("/health/live", "/health/ready")

log = logger("tradingbot.api")


class Envelope:
    """The innermost place that sees every outcome; failures get a number to be found by."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        structlog.contextvars.clear_contextvars()
        try:
            await self._app(scope, receive, noting)
        except Exception:
            error_id = ids.new_uid()[:12]
            log.exception("request_failed", path=scope["path"], error_id=error_id)
            if status:  # too late for another answer: the connection has to break
                raise
            await _failed(error_id)(scope, receive, noting)
        finally:
            if scope["path"] not in QUIET:
                milliseconds = round((time.perf_counter() - begun) * 1000, 1)
                log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=milliseconds,
                )


class BodyLimit:
    """Refuse a body as soon as it is said or seen to be too long, however it is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if int(Headers(scope=scope).get("content-length", 0)) > BODY_BYTES_MAX:
            await _drop_body(receive)
            await too_large()(scope, receive, send)
            return
        seen = 0

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > BODY_BYTES_MAX:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, counting, send)


async def _drop_body(receive: Receive) -> None:
    """Read on, within bounds: who is still sending sees a broken pipe instead of the answer."""
    dropped = 0
    while dropped < DROPPED_BYTES_MAX:
        message = await receive()
        dropped += len(message.get("body", b""))
        if not message.get("more_body"):
            return


def _failed(error_id: str) -> ASGIApp:
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        f"something went wrong here; it is in the log as {error_id}",
        error_id=error_id,
    )
