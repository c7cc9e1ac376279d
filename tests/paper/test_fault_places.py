"""Orders that are lost on the way, on the way back, or nearly: what happened, and what was told."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ccxt.async_support import RequestTimeout

from tests.paper.faults import (
    ACCOUNT,
    TRADERS,
    S,
    accepted,
    entries,
    faulty,
    place,
    posted,
    told,
)
from tests.paper.server import running_paper_exchange
from tradingbot.paper.journal import arrivals
from tradingbot.paper.options import PaperLimits
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("rule", "told_instead", "exists"),
    [
        ({"fault": "drop_before"}, "ExchangeNotAvailable", False),
        ({"fault": "drop_after"}, "ExchangeNotAvailable", True),
        ({"fault": "hang", "seconds": 0.1}, "ExchangeNotAvailable", False),
        ({"fault": "hang_after", "seconds": 0.1}, "ExchangeNotAvailable", True),
        ({"fault": "cut"}, "ExchangeError", True),
        ({"fault": "empty"}, "None", True),
        ({"fault": "html"}, "None", True),
        ({"fault": "status"}, "ExchangeNotAvailable", False),
        ({"fault": "status", "status": 504}, "RequestTimeout", False),
        ({"fault": "status", "status": 524}, "None", False),
        ({"fault": "status_after", "status": 502}, "ExchangeNotAvailable", True),
        ({"fault": "status_after", "status": 524}, "None", True),
        ({"fault": "rate_limited"}, "limited", False),
        ({"fault": "banned"}, "limited", False),
        ({"fault": "late", "seconds": 0.1}, "ExchangeNotAvailable", True),
    ],
)
async def test_an_order_exists_or_not_whatever_its_sender_learns(
    faults: PaperExchange, trader: Any, rule: dict[str, Any], told_instead: str, *, exists: bool
) -> None:
    await faulty(faults, {"on": "place", "exchange": trader.id, **rule, "times": 1})
    limited = "DDoSProtection" if trader.id == "binance" else "RateLimitExceeded"
    assert await place(trader, "mine") == (limited if told_instead == "limited" else told_instead)
    assert posted(faults) == [("mine", rule["fault"])]
    assert accepted(faults) == ({"mine"} if exists else set())
    assert len(faults.venue.account(ACCOUNT).open[S]) == exists
    assert (await place(trader, "next")).isdigit()
    assert (await told(faults))["done"] == {f"place {rule['fault']}": 1}


async def test_a_slow_answer_is_the_right_one(faults: PaperExchange, trader: Any) -> None:
    await faulty(faults, {"on": "place", "fault": "slow", "seconds": 0.2})
    begun = asyncio.get_running_loop().time()
    assert (await place(trader, "slow")).isdigit()
    assert asyncio.get_running_loop().time() - begun >= 0.2
    assert accepted(faults) == {"slow"}


async def test_who_leaves_a_late_order_alone_still_gets_it(
    faults: PaperExchange, trader: Any
) -> None:
    await faulty(faults, {"on": "place", "fault": "late", "seconds": 0.3})
    trader.timeout = 100
    assert await place(trader, "late") == "RequestTimeout"
    assert accepted(faults) == set()
    await faults.venue.wait_for_orders(1)
    assert accepted(faults) == {"late"}


async def test_an_order_later_than_its_window_is_refused(
    faults: PaperExchange, trader: Any
) -> None:
    await faulty(faults, {"on": "place", "fault": "late", "seconds": 0.3})
    trader.options["recvWindow"] = 100
    await place(trader, "too-late")
    assert accepted(faults) == set()
    (refused,) = [entry for entry in entries(faults) if entry["kind"] == "refused"]
    code = "-1021" if trader.id == "binance" else "10002"
    assert (refused["cid"], refused["code"]) == ("too-late", code)


@pytest.mark.parametrize("exchange", TRADERS)
async def test_held_requests_block_nobody_and_do_not_outlive_the_exchange(
    tmp_path: Path, exchange: str
) -> None:
    before = asyncio.all_tasks()
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0, fault_port=0) as paper,
        TRADERS[exchange](paper.url) as client,
    ):
        seconds = {"seconds": 1_000}
        rules = [
            {"on": "place", "fault": fault, "times": 1, **seconds}
            for fault in ("hang", "hang_after", "late", "slow")
        ]
        await faulty(paper, *rules, {"on": "open_orders", "fault": "late", **seconds})
        client.timeout = 200
        lost = [place(client, f"held-{number}") for number in range(4)]
        assert await asyncio.gather(*lost) == ["RequestTimeout"] * 4
        assert (await place(client, "free")).isdigit()
        with pytest.raises(RequestTimeout):
            await client.fetch_open_orders(S)
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("exchange", TRADERS)
async def test_most_are_lost_and_the_same_again_with_the_same_seed(
    tmp_path: Path, exchange: str
) -> None:
    rules = [
        {"on": "place", "fault": fault, "share": 0.25}
        for fault in ("drop_before", "drop_after", "cut")
    ]
    seen: list[list[str]] = []
    for directory, seed in (("first", 7), ("again", 7), ("other", 8)):
        async with (
            running_paper_exchange(
                tmp_path / directory,
                prints_per_second=0.0,
                fault_port=0,
                limits=PaperLimits(bybit_orders_per_second=100),
            ) as paper,
            TRADERS[exchange](paper.url) as client,
        ):
            await faulty(paper, *rules, seed=seed)
            seen.append([await place(client, f"o-{number}") for number in range(40)])
            sent = arrivals(entries(paper))
            cids = [(ACCOUNT, f"o-{number}") for number in range(40)]
            assert sent.posts == dict.fromkeys(cids, 1)
            dropped = {cid for cid, fault in posted(paper) if fault == "drop_before"}
            assert set(sent.accepted) == {cid for cid in cids if cid[1] not in dropped}
    assert seen[0] == seen[1]
    assert seen[0] != seen[2]
    assert {"ExchangeNotAvailable", "ExchangeError"} < set(seen[0])
