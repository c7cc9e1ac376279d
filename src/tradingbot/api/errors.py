"""Errors as problem+json: every one a client can meet, and no internals."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tradingbot.api.problems import FieldError, problem, too_large
from tradingbot.bots.errors import ParamsRefused
from tradingbot.kit.errors import Fact, Unavailable
from tradingbot.orders.errors import OrderRejected
from tradingbot.users.errors import TooManyAttempts

WHERE = ("body", "query", "path", "header", "cookie")


def install(app: FastAPI) -> None:
    app.add_exception_handler(Fact, _fact)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


async def _fact(_: Request, error: Exception) -> Response:
    assert isinstance(error, Fact)
    if isinstance(error, OrderRejected):
        return _rejected(error)
    errors: list[FieldError] = []
    if isinstance(error, ParamsRefused):
        errors = [
            {"field": each.field, "code": each.code, "message": each.message}
            for each in error.refusals
        ]
    elif error.field is not None:
        errors = [{"field": error.field, "code": error.code, "message": error.message}]
    headers = {}
    if isinstance(error, TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif isinstance(error, Unavailable):
        headers["Retry-After"] = "1"
    return problem(error.status, error.code, error.message, errors, headers)


def _rejected(error: OrderRejected) -> Response:
    more: dict[str, Any] = {} if error.order is None else {"order_id": error.order.id}
    errors: list[FieldError] = []
    if error.field is not None:
        errors = [{"field": error.field, "code": error.rejection, "message": error.message}]
    return problem(error.status, error.rejection, error.message, errors, **more)


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    if any(detail["loc"][0] == "path" for detail in details):
        return problem(HTTPStatus.NOT_FOUND, "not_found", "there is no such thing")
    errors = [_field_error(detail) for detail in details]
    first = errors[0]
    detail = f"{first['field']}: {first['message']}" if first["field"] else first["message"]
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "validation_failed", detail, errors)


def _field_error(detail: Mapping[str, Any]) -> FieldError:
    """Never with the input: it may be a key."""
    field = _path(detail["loc"])
    code, message = str(detail["type"]), str(detail["msg"]).removeprefix("Value error, ")
    if code == "extra_forbidden":
        return {"field": field, "code": "unknown_field", "message": "there is no such field"}
    if code == "json_invalid":
        return {"field": "", "code": code, "message": "the body is not valid JSON"}
    named, colon, rest = message.partition(": ")
    if not field and colon and named.isidentifier():  # a rule between fields names one itself
        field, message = named, rest
    return {"field": field, "code": code, "message": message}


def _path(location: Sequence[str | int]) -> str:
    inner = location[1:] if location and location[0] in WHERE else location
    return ".".join(map(str, inner))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return too_large()
    code = status.phrase.lower().replace(" ", "_")
    details = {
        HTTPStatus.NOT_FOUND: "there is nothing at this address",
        HTTPStatus.METHOD_NOT_ALLOWED: "this address does not take this method",
    }
    return problem(status, code, details.get(status, str(error.detail)), headers=error.headers)
