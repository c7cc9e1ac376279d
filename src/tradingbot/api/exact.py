"""Numbers in a body as they were written: 0.1 is a tenth, not the double beside it."""

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

# The reach of a double; past it are no amounts, only integers that fill the memory.
EXPONENT_MAX = 308


def number(text: str) -> Decimal:
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity")
    if exact.adjusted() > EXPONENT_MAX:
        return Decimal("Infinity").copy_sign(exact)
    return exact if exact.adjusted() >= -EXPONENT_MAX else Decimal(0)


class ExactRequest(Request):
    async def json(self) -> Any:
        """NaN and the infinities come through as such, for the field's own rule to refuse."""
        body = await self.body()
        return json.loads(body, parse_float=number, parse_constant=Decimal)


class ExactRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def exactly(request: Request) -> Response:
            return await handle(ExactRequest(request.scope, request.receive))

        return exactly
