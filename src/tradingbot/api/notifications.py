"""Notification settings, history, tests and what went wrong, over HTTP."""

from typing import Literal

from fastapi import APIRouter, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import LIMIT, ActiveUser, Cursor, Has, Id, Limit
from tradingbot.api.exact import ExactRoute
from tradingbot.kit.pagination import Page
from tradingbot.notifications import service
from tradingbot.notifications.schemas import (
    ChannelTest,
    ChannelTestView,
    DeadLettersView,
    NotificationSettings,
    NotificationView,
    ResentView,
    SecretView,
    SettingsAnswer,
    SettingsView,
)

router = APIRouter(prefix="/api/notifications", tags=["notifications"], route_class=ExactRoute)


@router.get("", response_model=Page[NotificationView])
async def history(
    services: Has,
    user: ActiveUser,
    status: Literal["pending", "sent", "dead"] | None = None,
    cursor: Cursor = None,
    limit: Limit = LIMIT,
) -> Response:
    """What there was to tell you, and how each channel got on with it, the newest first.

    `status=dead`: what a channel gave up, with its reason.
    """
    async with services.reading() as connection:
        return answer(await service.history(connection, user.id, cursor, limit, status))


@router.get("/settings", response_model=SettingsView)
async def settings(services: Has, user: ActiveUser) -> Response:
    """What you hear, where, when, and in which language."""
    async with services.reading() as connection:
        return answer(await service.get_settings(connection, user.id))


@router.put("/settings", response_model=SettingsAnswer)
async def change(services: Has, user: ActiveUser, body: NotificationSettings) -> Response:
    """Choose what to hear, where, when, and in which language. What is left out stays.

    A first web address of your own brings a secret in the answer, shown this once.
    """
    return answer(await services.notifications.put_settings(user.id, body))


@router.post("/webhook/secret", response_model=SecretView)
async def new_secret(services: Has, user: ActiveUser) -> Response:
    """A new secret to sign what is sent to your web address; the old one ends at once."""
    return answer(SecretView(webhook_secret=await services.notifications.new_secret(user.id)))


@router.post("/test", response_model=ChannelTestView)
async def test(services: Has, user: ActiveUser, body: ChannelTest) -> Response:
    """Send a test the way every message goes; the answer says what the channel said."""
    return answer(await services.notifications.test(user.id, body.channel))


@router.get("/dead", response_model=DeadLettersView)
async def dead(services: Has, user: ActiveUser) -> Response:
    """What was pushed to the queue for you and made no sense, with the reason."""
    return answer(DeadLettersView(items=[*await services.notifications.dead_letters(user.id)]))


@router.post("/{notification_id}/resend", response_model=ResentView)
async def resend(services: Has, user: ActiveUser, notification_id: Id) -> Response:
    """Have the channels that gave it up try again, from the first attempt on."""
    return answer(ResentView(resent=await services.notifications.resend(user.id, notification_id)))
