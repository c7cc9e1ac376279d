"""kill -9 of any one process while a bot trades: it comes back, and the books still agree."""

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.system.books import assert_nothing_lost_or_doubled, rows
from tests.system.running import System, running, until

KEY = "key-of-the-kill-test"
VICTIMS = ("order-monitor", "bot-worker", "api", "paper-exchange", "valkey", "postgres")


async def price_of(system: System) -> float:
    status, draft = await system.call("POST", "/api/strategies/grid/preview", {})
    assert status == 200, draft
    return float(draft["preview"]["price"])


async def filled_count(system: System) -> int:
    [row] = await rows(
        system.facts["database_url"], "SELECT count(*) AS n FROM orders WHERE status = 'filled'"
    )
    count: int = row["n"]
    return count


async def kill(system: System, name: str) -> None:
    """End it without a word, and wait until the supervisor has another one ready."""
    before = system.pid(name)
    os.kill(before, signal.SIGKILL)

    async def back() -> bool:
        return system.pid(name) not in (before, None) and psutil.pid_exists(system.pid(name))

    await until(back, 30, f"{name} is back")


@pytest.mark.timeout(900)
async def test_killing_any_one_process_loses_no_order_and_doubles_none(tmp_path: Path) -> None:
    async with running(tmp_path / "data", "--speed=480") as system:
        await system.sign_in()
        price = await price_of(system)
        # Wide and dense: wherever the market wanders meanwhile, lines are near.
        params = {"lower": price * 0.94, "upper": price * 1.06, "lines": 45, "investment": 20000}
        bot = await system.create_bot(api_key=KEY, api_secret="s", params=params)

        for victim in VICTIMS:
            seen = await filled_count(system)

            async def trades_on(seen: int = seen) -> bool:
                return await filled_count(system) > seen + 1

            await until(trades_on, 240, f"trading before the end of {victim}")
            await kill(system, victim)

        seen = await filled_count(system)
        await until(trades_on, 240, "trading after the last kill")

        async def stop() -> Any:
            status, _ = await system.call("POST", f"/api/bots/{bot['id']}/stop")
            return status in (200, 202)

        await until(stop, 30, "the stop is taken")

        async def stopped() -> Any:
            return (await system.get(f"/api/bots/{bot['id']}"))["status"] == "stopped"

        await until(stopped, 60, "the bot has stopped")
        await assert_nothing_lost_or_doubled(system.facts["database_url"], system.journal(), KEY)
