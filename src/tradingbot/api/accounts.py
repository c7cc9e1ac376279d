"""Exchange accounts over HTTP."""

from fastapi import APIRouter, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import LIMIT, ActiveUser, AskedOnce, Cursor, Has, Id, Limit
from tradingbot.api.exact import ExactRoute
from tradingbot.exchanges.schemas import AccountView, NewAccount, NewKeys
from tradingbot.kit.pagination import Page
from tradingbot.ledger.schemas import LedgerView
from tradingbot.orders.schemas import QuarantineView, ReleaseAccount

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


@router.get("/{account_id}/quarantine", response_model=Page[QuarantineView])
async def quarantine(
    services: Has, user: ActiveUser, account_id: Id, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response:
    """What the exchange said of this account and cannot be right, the newest first."""
    return answer(await services.custody.page(user.id, account_id, cursor, limit))


@router.post("/{account_id}/release", response_model=AccountView)
async def release(
    services: Has, user: ActiveUser, account_id: Id, body: ReleaseAccount | None = None
) -> Response:
    """Let a held account trade again. What is quarantined on it counts as seen to."""
    wanted = body or ReleaseAccount()
    return answer(
        await services.custody.release(user.id, account_id, cancel_unknown=wanted.cancel_unknown)
    )


@router.delete("/{account_id}", status_code=204, response_class=Response)
async def remove(services: Has, user: ActiveUser, account_id: Id) -> Response:
    """Forget the account's keys. Not while a bot trades on it."""
    await services.accounts.remove(user.id, account_id)
    return Response(status_code=204)


@router.get("/{account_id}/ledger", response_model=LedgerView)
async def ledger(services: Has, user: ActiveUser, account_id: Id) -> Response:
    """Who owns what of its money: each bot its part, and what belongs to none."""
    return answer(await services.ledger.of_account(user.id, account_id))
