"""Readiness says which part is missing, and why."""

import pytest

from tests.api.client import Api, running_api
from tradingbot.kit.errors import Unavailable
from tradingbot.kit.schema import require_current


async def fine() -> None:
    pass


async def away() -> None:
    raise Unavailable("nobody answers there")


async def broken() -> None:
    raise ZeroDivisionError("secret details: not for show")


async def test_ready_is_503_until_every_part_answers(database_url: str, redis_url: str) -> None:
    checks = {"database": fine, "redis": away, "paper_exchange": broken}
    nowhere = "http://127.0.0.1:9"
    async with running_api(database_url, redis_url, nowhere, checks=checks) as api:
        answer = await api.call("GET", "/health/ready")
        assert answer.status_code == 503
        parts = answer.json()["parts"]
        assert parts["database"] == "ok"
        assert parts["redis"] == "nobody answers there"
        assert parts["paper_exchange"] != "ok"
        assert "redis, paper_exchange" in answer.json()["detail"]
        assert (await api.call("GET", "/health/live")).json() == {"status": "ok"}


async def test_ready_needs_the_tables_of_this_version(api: Api) -> None:
    await require_current(api.database)
    await api.rows("UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(Unavailable, match="tradingbot migrate"):
        await require_current(api.database)
