"""Telegram chats over HTTP: join them, see them, let them go; and what Telegram itself brings."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import ActiveUser, Has
from tradingbot.api.exact import ExactRoute
from tradingbot.kit.pagination import Page
from tradingbot.telegram.errors import WebhookForbidden
from tradingbot.telegram.schemas import ChatView, LinkChat, LinkView

PREFIX = "/api/notifications/telegram"
router = APIRouter(prefix=PREFIX, tags=["notifications"], route_class=ExactRoute)

# Groups have numbers below zero.
ChatId = Annotated[int, Path(ge=-(2**63), lt=2**63)]
Secret = Annotated[str, Header(alias="X-Telegram-Bot-Api-Secret-Token", max_length=256)]


@router.post("/link", response_model=LinkView)
async def link(services: Has, user: ActiveUser, body: LinkChat | None = None) -> Response:
    """A link that joins one chat to your account, or with a code from the bot the chat itself."""
    return answer(await services.chats.link(user.id, body or LinkChat()))


@router.get("/chats", response_model=Page[ChatView])
async def chats(services: Has, user: ActiveUser) -> Response:
    """The chats that belong to your account, the oldest first."""
    return answer(Page(items=list(await services.chats.chats(user.id))))


@router.delete("/chats/{chat_id}", status_code=204, response_class=Response)
async def unlink(services: Has, user: ActiveUser, chat_id: ChatId) -> Response:
    """From now on nothing is told or answered there."""
    await services.chats.unlink(user.id, chat_id)
    return Response(status_code=204)


@router.post("/webhook", include_in_schema=False)
async def webhook(services: Has, body: dict[str, Any], secret: Secret = "") -> Response:
    """Telegram calls, in place of being asked."""
    if services.calls is None:
        raise WebhookForbidden("there is nothing at this address")
    await services.calls.take(secret, body)
    return Response()
