"""What a problem looks like: application/problem+json (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypedDict

from fastapi import Response

from tradingbot.api.answers import HEADERS, dumps
from tradingbot.kit.plain import plain

PROBLEM_JSON = "application/problem+json"
RETRY_SECONDS = 2


class FieldError(TypedDict):
    """`field` is a path in the request: `params.lines`."""

    field: str
    code: str
    message: str


# By name, so that the schema and the answers are one thing.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `errors` names the fields at fault.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
        "order_id": {"type": "integer", "description": "Of an order the exchange refused."},
        "error_id": {"type": "string", "description": "To find an internal error in the log."},
        "parts": {"type": "object", "description": "What is ready and what is missing."},
    },
    "example": {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "lines: at most 14 with 100 USDT",
        "code": "params_refused",
        "errors": [
            {
                "field": "params.lines",
                "code": "below_minimum_notional",
                "message": "at most 14 with 100 USDT",
            }
        ],
    },
}


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **({"errors": [*errors]} if errors else {}),
        **more,
    }
    sent = {**HEADERS, **_usual(status), **(headers or {})}
    return Response(dumps(plain(body)), status, sent, PROBLEM_JSON)


def too_large() -> Response:
    detail = "a request may have at most 1 MiB"
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", detail)


def _usual(status: int) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return {"Retry-After": str(RETRY_SECONDS)}
    return {}
