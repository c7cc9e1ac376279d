"""Answers as JSON: moments in UTC, amounts as decimal strings, nothing cached on the way."""

from collections.abc import Mapping
from decimal import Decimal

import orjson
from fastapi import Response
from pydantic import BaseModel

from tradingbot.trading.money import plain

JSON = "application/json"
HEADERS = {"Cache-Control": "no-store"}


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Straight to bytes: FastAPI's own way takes ten times as long on a list."""
    return Response(dumps(body), status, {**HEADERS, **(headers or {})}, JSON)


def dumps(body: object) -> bytes:
    return orjson.dumps(body, default=_known, option=orjson.OPT_UTC_Z)


def _known(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Decimal):
        return plain(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
