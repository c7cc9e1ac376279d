"""Exchange accounts over HTTP."""

from fastapi import APIRouter, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import LIMIT, ActiveUser, AskedOnce, Cursor, Has, Id, Limit
from tradingbot.api.exact import ExactRoute
from tradingbot.exchanges.schemas import AccountView, NewAccount, NewKeys
from tradingbot.kit.pagination import Page

router = APIRouter(prefix="/api/accounts", tags=["accounts"], route_class=ExactRoute)


@router.get("", response_model=Page[AccountView])
async def accounts(
    services: Has, user: ActiveUser, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response:
    return answer(await services.accounts.page(user.id, cursor, limit))


@router.post("", status_code=201, response_model=AccountView)
async def connect(services: Has, user: ActiveUser, once: AskedOnce, body: NewAccount) -> Response:
    """Connect an account. The exchange is asked whether it accepts the key."""
    return answer(await services.accounts.create(user.id, body, once), 201)


@router.patch("/{account_id}", response_model=AccountView)
async def change_keys(services: Has, user: ActiveUser, account_id: Id, body: NewKeys) -> Response:
    """Give the account other keys."""
    return answer(await services.accounts.change_keys(user.id, account_id, body))


@router.delete("/{account_id}", status_code=204, response_class=Response)
async def remove(services: Has, user: ActiveUser, account_id: Id) -> Response:
    """Forget the account's keys. Not while a bot trades on it."""
    await services.accounts.remove(user.id, account_id)
    return Response(status_code=204)
