"""Strategies and their parameters over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import Has, active_user
from tradingbot.api.exact import ExactRoute
from tradingbot.bots.schemas import Draft, DraftView, StrategyView
from tradingbot.kit.pagination import Page

router = APIRouter(
    prefix="/api/strategies",
    tags=["strategies"],
    route_class=ExactRoute,
    dependencies=[Depends(active_user)],
)


@router.get("", response_model=Page[StrategyView])
async def strategies(services: Has) -> Response:
    """What a bot can do, each with the JSON Schema of its parameters."""
    return answer({"items": services.bots.strategies(), "next_cursor": None})


@router.post("/{name}/preview", response_model=DraftView)
async def preview(
    services: Has, name: Annotated[str, Path(max_length=40)], body: Draft
) -> Response:
    """What parameters would do on the market as it is now, and what stands against them."""
    return answer(await services.bots.preview(name, body))
