"""The FastAPI application."""

from fastapi import FastAPI

from tradingbot.api import (
    accounts,
    auth,
    bots,
    documentation,
    errors,
    exchanges,
    health,
    letters,
    notifications,
    orders,
    stats,
    strategies,
    telegram,
)
from tradingbot.api.middleware import BodyLimit, Envelope
from tradingbot.api.services import Services

DESCRIPTION = """Bots that trade for you, on your own keys.

Amounts and prices are given as numbers or strings and come back as decimal strings; times are
RFC 3339 in UTC. A problem is `application/problem+json` with a stable `code`. Lists come in pages:
`{"items": […], "next_cursor": …}`. With an `Idempotency-Key`, what creates something does it once.
"""
# What is asked for most comes first: routes are tried in their order.
ROUTERS = (
    bots,
    orders,
    auth,
    accounts,
    exchanges,
    strategies,
    letters,
    notifications,
    telegram,
    stats,
    health,
)


def create_app(services: Services) -> FastAPI:
    app = FastAPI(
        title="Trading Bot System",
        version="0.1.0",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    # The one added last is the outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(Envelope)
    errors.install(app)
    documentation.install(app)
    for noun in ROUTERS:
        app.include_router(noun.router)
    return app
