"""After a restart everything is found again through the real adapter, and at a known weight."""

from pathlib import Path

import asyncpg
import pytest

from bench import restart
from tests.paper.server import running_paper_exchange
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

ACCOUNTS = 4
# One connection, one list, one reading of trades, two look-ups with their fills, one audit, and
# the balances with the list and with the audit.
WEIGHT = 2 + 6 + 20 + 2 * (4 + 5) + 80 + 2 * 20
# The market list and the clock, shared by all.
SHARED_WEIGHT = 20 + 3


async def test_a_restart_finds_everything_and_asks_for_nothing_twice(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart, "ACCOUNTS", ACCOUNTS)
    monkeypatch.setattr(restart, "ORDERS", 6)
    weighed: list[restart.Scales] = []
    weigh = restart._weigh

    def kept(paper: PaperExchange) -> restart.Scales:
        weighed.append(weigh(paper))
        return weighed[-1]

    monkeypatch.setattr(restart, "_weigh", kept)

    async with running_paper_exchange(tmp_path, prints_per_second=0.0) as paper:
        await restart.rest_orders(database_url, paper)
        await restart.restarted(database_url, paper)

    connection = await asyncpg.connect(database_url)
    statuses = await connection.fetch("SELECT status, count(*) FROM orders GROUP BY 1 ORDER BY 1")
    found = await connection.fetch("SELECT kind, subject FROM quarantine")
    await connection.close()
    assert [tuple(row) for row in statuses] == [("filled", 2 * ACCOUNTS), ("open", 4 * ACCOUNTS)]
    assert [tuple(row) for row in found] == [("unknown_order", "tb-unknown")]
    assert weighed[0].used <= ACCOUNTS * WEIGHT + SHARED_WEIGHT
