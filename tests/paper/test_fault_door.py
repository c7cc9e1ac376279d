"""Rules are taken whole or not at all, and only from this machine."""

import asyncio
import json
import sys
from typing import Any

import aiohttp
import pytest

from tests.paper.faults import faulty, told
from tests.paper.server import running_paper_exchange
from tradingbot.paper.options import OptionRefused
from tradingbot.paper.server import PaperExchange
from tradingbot.settings import environment

pytestmark = pytest.mark.anyio

GOOD = {"on": "place", "fault": "hang"}


async def send(paper: PaperExchange, body: bytes) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.faults_url}/faults", data=body) as answer,
    ):
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"on": "placing"}, "rules[1].on"),
        ({"on": "other"}, "rules[1].on"),
        ({"on": None}, "rules[1].on"),
        ({"fault": "explode"}, "rules[1].fault"),
        ({"fault": ["hang"]}, "rules[1].fault"),
        ({"exchange": "kraken"}, "rules[1].exchange"),
        ({"share": 1.1}, "rules[1].share"),
        ({"share": True}, "rules[1].share"),
        ({"seconds": -1}, "rules[1].seconds"),
        ({"seconds": "3"}, "rules[1].seconds"),
        ({"seconds": 1e9}, "rules[1].seconds"),
        ({"status": 200}, "rules[1].status"),
        ({"times": 0}, "rules[1].times"),
        ({"times": 1.5}, "rules[1].times"),
        ({"colour": "red"}, "rules[1].colour"),
        ({"fault": "duplicate"}, "rules[1].fault"),
        ({"on": "user_stream", "fault": "html"}, "rules[1].fault"),
        ({"fault": "lag"}, "rules[1].fault"),
        ({"fault": "clock"}, "rules[1].fault"),
        ({"on": "any", "fault": "clock", "exchange": "bybit"}, "rules[1].exchange"),
    ],
)
async def test_a_bad_rule_is_refused_by_name_and_changes_nothing(
    faults: PaperExchange, rule: dict[str, Any], field: str
) -> None:
    before = await faulty(faults, GOOD)
    body = json.dumps({"seed": 9, "rules": [GOOD, GOOD | rule]})
    status, answer = await send(faults, body.encode())
    assert (status, answer["field"]) == (422, field)
    assert await told(faults) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b"{}", "rules"),
        (b'{"rules":{}}', "rules"),
        (b'{"rules":[1]}', "rules[0]"),
        (b'{"rules":[{"on":"place"}]}', "rules[0].fault"),
        (b'{"rules":[],"seed":"x"}', "seed"),
        (b'{"rules":[],"sede":1}', "sede"),
        (b'{"rules":[' + b",".join([b'{"on":"any","fault":"hang"}'] * 101) + b"]}", "rules"),
    ],
)
async def test_a_bad_body_is_refused_by_name(
    faults: PaperExchange, body: bytes, field: str
) -> None:
    status, answer = await send(faults, body)
    assert (status, answer["field"]) == (422, field)


async def test_rules_stand_until_they_are_cleared(faults: PaperExchange) -> None:
    await faulty(faults, GOOD, {"on": "any", "fault": "clock", "seconds": -5}, seed=3)
    report = await told(faults)
    assert [rule["fault"] for rule in report["rules"]] == ["hang", "clock"]
    assert report["seed"] == 3
    async with (
        aiohttp.ClientSession() as session,
        session.delete(f"{faults.faults_url}/faults") as answer,
    ):
        assert (await answer.json())["rules"] == []
    assert faults.venue.clock_offset == 0


async def test_it_listens_on_loopback_wherever_the_exchange_does(tmp_path: Any) -> None:
    async with running_paper_exchange(tmp_path, host="127.0.0.2", fault_port=0) as paper:
        assert paper.url.startswith("http://127.0.0.2:")
        assert (paper.faults_url or "").startswith("http://127.0.0.1:")


async def test_its_address_is_said_on_stdout(tmp_path: Any) -> None:
    command = (sys.executable, "-m", "tradingbot", "paper-exchange", "--fault-port", "0")
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        env=environment({"DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 32}),
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            said = [(await process.stdout.readline()).decode().split()[-1] for _ in range(2)]
        async with aiohttp.ClientSession() as session, session.get(f"{said[1]}/faults") as answer:
            assert (await answer.json())["rules"] == []
    finally:
        process.terminate()
        await process.stdout.read()
        await process.wait()


async def test_without_being_asked_for_there_is_no_such_door(paper: PaperExchange) -> None:
    assert paper.faults_url is None
    async with aiohttp.ClientSession() as session, session.get(f"{paper.url}/faults") as answer:
        assert answer.status == 404


async def test_a_port_that_is_taken_is_said_in_one_line(
    tmp_path: Any, faults: PaperExchange
) -> None:
    port = int((faults.faults_url or "").rpartition(":")[2])
    with pytest.raises(OptionRefused, match=f"fault_port: {port} cannot be used"):
        async with running_paper_exchange(tmp_path / "other", fault_port=port):
            pass
