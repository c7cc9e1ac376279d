"""Is it alive, is it ready, and what is missing."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tradingbot.api.answers import answer
from tradingbot.api.dependencies import Has
from tradingbot.api.problems import problem
from tradingbot.api.services import Check
from tradingbot.kit.database import cause
from tradingbot.kit.errors import Fact

router = APIRouter(prefix="/health", tags=["health"])

ANSWER_SECONDS_MAX = 3.0
OK = "ok"


class Live(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    parts: dict[str, str] = Field(
        examples=[{"database": OK, "migrations": OK, "redis": OK, "paper_exchange": OK}]
    )


@router.get("/live", response_model=Live)
async def live() -> Response:
    """The process runs."""
    return answer(Live())


@router.get("/ready", response_model=Ready)
async def ready(services: Has) -> Response:
    """Every part it needs answers; if not, 503, and `parts` says which does not and why."""
    found = await asyncio.gather(*(_ask(check) for check in services.checks.values()))
    parts = dict(zip(services.checks, found, strict=True))
    missing = [name for name, said in parts.items() if said != OK]
    if missing:
        return problem(503, "not_ready", f"missing: {', '.join(missing)}", parts=parts)
    return answer(Ready(parts=parts))


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await check()
    except TimeoutError:
        return f"no answer within {ANSWER_SECONDS_MAX:.0f} s"
    except Fact as fact:
        return fact.message
    except Exception as error:  # noqa: BLE001  # because whatever it is, the part does not answer
        return cause(error)
    return OK
