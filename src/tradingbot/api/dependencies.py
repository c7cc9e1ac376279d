"""Who is asking, for which page, and whether they asked before."""

from typing import Annotated

import structlog
from fastapi import Depends, Header, Path, Query, Request
from fastapi.security import OAuth2PasswordBearer

from tradingbot.api.services import Services
from tradingbot.kit.idempotency import Once
from tradingbot.kit.pagination import ID_MAX, LIMIT_DEFAULT, LIMIT_MAX
from tradingbot.users.errors import NotSignedIn
from tradingbot.users.repository import User

bearer = OAuth2PasswordBearer(tokenUrl="/api/auth/token", auto_error=False)


async def the_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


Has = Annotated[Services, Depends(the_services)]


async def claimed_user(services: Has, token: Annotated[str | None, Depends(bearer)]) -> int:
    """Whose valid token this is. Whether that user is still active is yet to be asked."""
    if not token:
        raise NotSignedIn("sign in, and send the token as Authorization: Bearer …")
    user_id = services.users.user_id(token)
    structlog.contextvars.bind_contextvars(user_id=user_id)
    return user_id


ClaimedUser = Annotated[int, Depends(claimed_user)]


async def active_user(services: Has, user_id: ClaimedUser) -> User:
    async with services.asking() as driver:
        return await services.users.require_active(driver, user_id)


ActiveUser = Annotated[User, Depends(active_user)]

Id = Annotated[int, Path(ge=1, le=ID_MAX)]
Cursor = Annotated[
    str | None, Query(max_length=100, description="`next_cursor` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
LIMIT = LIMIT_DEFAULT

IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same again with the same request: it takes effect once.",
    ),
]


async def asked_once(
    request: Request, services: Has, user: ActiveUser, idempotency_key: IdempotencyKey = None
) -> Once | None:
    if idempotency_key is None:
        return None
    body = (await request.body()).decode("latin-1")
    asked = services.vault.fingerprint(f"{request.method} {request.url.path}\n{body}")
    return Once(user.id, idempotency_key, asked)


AskedOnce = Annotated[Once | None, Depends(asked_once)]
