"""Exchanges and their markets over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import Has, active_user
from tradingbot.exchanges.ports import Mode
from tradingbot.exchanges.schemas import ExchangeView, MarketView
from tradingbot.kit.pagination import Page

router = APIRouter(prefix="/api/exchanges", tags=["exchanges"], dependencies=[Depends(active_user)])


@router.get("", response_model=Page[ExchangeView])
async def exchanges(services: Has) -> Response:
    return answer({"items": services.accounts.exchanges(), "next_cursor": None})


@router.get("/{exchange_id}/markets", response_model=Page[MarketView])
async def markets(
    services: Has,
    exchange_id: Annotated[str, Path(max_length=40)],
    mode: Annotated[Mode, Query()] = Mode.PAPER,
) -> Response:
    """Every market there, by name, with the rules an order has to keep."""
    services.accounts.require_place(exchange_id, mode)
    known = await services.exchanges.market_data(exchange_id, mode).markets()
    items = [
        {name: getattr(market, name) for name in MarketView.model_fields}
        for _, market in sorted(known.items())
    ]
    return answer({"items": items, "next_cursor": None})
