"""Notification settings and history over HTTP."""

from fastapi import APIRouter, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import LIMIT, ActiveUser, Cursor, Has, Limit
from tradingbot.api.exact import ExactRoute
from tradingbot.kit.pagination import Page
from tradingbot.notifications import service
from tradingbot.notifications.schemas import NotificationSettings, NotificationView, SettingsView

router = APIRouter(prefix="/api/notifications", tags=["notifications"], route_class=ExactRoute)


@router.get("", response_model=Page[NotificationView])
async def history(
    services: Has, user: ActiveUser, cursor: Cursor = None, limit: Limit = LIMIT
) -> Response:
    """What there was to tell you, and how each channel got on with it, the newest first."""
    async with services.reading() as connection:
        return answer(await service.history(connection, user.id, cursor, limit))


@router.get("/settings", response_model=SettingsView)
async def settings(services: Has, user: ActiveUser) -> Response:
    async with services.reading() as connection:
        return answer(await service.get_settings(connection, user.id))


@router.put("/settings", response_model=SettingsView)
async def change(services: Has, user: ActiveUser, body: NotificationSettings) -> Response:
    """Choose what to hear, where, and in which language."""
    async with services.writing() as connection:
        after = await service.put_settings(connection, user.id, body)
    return answer(after)
