"""Everything at a glance over HTTP."""

from fastapi import APIRouter, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import ActiveUser, Has
from tradingbot.bots.schemas import StatsView

router = APIRouter(prefix="/api/stats", tags=["stats"])


@router.get("", response_model=StatsView)
async def stats(services: Has, user: ActiveUser) -> Response:
    """Your bots by status, orders, fills, and the profit of all bots, deleted ones too."""
    return answer(await services.bots.stats(user.id))
