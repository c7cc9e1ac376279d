"""Bots over HTTP."""

from fastapi import APIRouter, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import (
    LIMIT,
    ActiveUser,
    AskedOnce,
    ClaimedUser,
    Cursor,
    Has,
    Id,
    Limit,
)
from tradingbot.api.exact import ExactRoute
from tradingbot.bots import repository
from tradingbot.bots.errors import BotNotFound
from tradingbot.bots.schemas import BotChanges, BotView, NewBot, PerformanceView, StopBot
from tradingbot.events import service as events
from tradingbot.events.schemas import EventView
from tradingbot.kit.pagination import Page, decode, encode
from tradingbot.users.errors import UserInactive

router = APIRouter(prefix="/api/bots", tags=["bots"], route_class=ExactRoute)


@router.post("", status_code=201, response_model=BotView)
async def create(services: Has, user: ActiveUser, once: AskedOnce, body: NewBot) -> Response:
    """Create a bot, and start it unless told otherwise. What is left out has a default."""
    return answer(await services.bots.create(user.id, body, once), 201)


@router.get("", response_model=Page[BotView])
async def bots(
    services: Has, user_id: ClaimedUser, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response:
    """Your bots, the newest first."""
    async with services.asking() as driver:
        found = await repository.page_for_active(driver, user_id, decode(cursor), limit + 1)
    if found is None:
        raise UserInactive("this user may not sign in")
    more = encode(found[limit - 1]["id"]) if len(found) > limit else None
    return answer({"items": found[:limit], "next_cursor": more})


@router.get("/{bot_id}", response_model=BotView)
async def bot(services: Has, user: ActiveUser, bot_id: Id) -> Response:
    return answer(await _owned(services, user.id, bot_id))


@router.patch("/{bot_id}", response_model=BotView)
async def change(services: Has, user: ActiveUser, bot_id: Id, body: BotChanges) -> Response:
    """Change it. New parameters are judged as for a new bot; a running one goes on with them."""
    return answer(await services.bots.change(user.id, bot_id, body))


@router.delete("/{bot_id}", status_code=204, response_class=Response)
async def delete(services: Has, user: ActiveUser, bot_id: Id) -> Response:
    """Delete a stopped bot that has no live orders."""
    await services.bots.delete(user.id, bot_id)
    return Response(status_code=204)


@router.post("/{bot_id}/start", response_model=BotView)
async def start(services: Has, user: ActiveUser, bot_id: Id) -> Response:
    """Start it, or let it go on: it continues where it stopped."""
    return answer(await services.bots.start(user.id, bot_id))


@router.post("/{bot_id}/stop", response_model=BotView)
async def stop(
    services: Has, user: ActiveUser, bot_id: Id, body: StopBot | None = None
) -> Response:
    """Stop it, and keep, cancel or sell what it has open."""
    on_stop = None if body is None else body.on_stop
    return answer(await services.bots.stop(user.id, bot_id, on_stop))


@router.get("/{bot_id}/events", response_model=Page[EventView])
async def history(
    services: Has, user: ActiveUser, bot_id: Id, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response:
    """What it did and why, the newest first."""
    await _owned(services, user.id, bot_id)
    async with services.reading() as connection:
        return answer(await events.of_bot(connection, user.id, bot_id, cursor, limit))


@router.get("/{bot_id}/performance", response_model=PerformanceView)
async def performance(services: Has, user: ActiveUser, bot_id: Id) -> Response:
    """What its fills came to so far."""
    return answer(await services.bots.performance(user.id, bot_id))


async def _owned(services: Has, user_id: int, bot_id: int) -> repository.Bot:
    async with services.reading() as connection:
        found = await repository.owned(connection, user_id, bot_id)
    if found is None:
        raise BotNotFound(f"there is no bot {bot_id}")
    return found
