"""Sockets that nobody answers on are not kept, and those that answer are."""

import asyncio

import aiohttp
import pytest
from aiohttp import WSMsgType

from tests.paper.faults import faulty
from tradingbot.paper import wire
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PING_EVERY", 0.05)
    monkeypatch.setattr(wire, "PONG_WITHIN", 0.2)


@pytest.mark.usefixtures("impatient")
async def test_who_never_answers_a_ping_is_cut_off(paper: PaperExchange) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{paper.url}/binance/ws-api/v3", autoping=False) as socket,
    ):
        seen = [(await socket.receive(timeout=5)).type]
        while seen[-1] is WSMsgType.PING:
            seen.append((await socket.receive(timeout=5)).type)
    assert len(seen) > 3
    assert seen[-1] is WSMsgType.CLOSE


@pytest.mark.usefixtures("impatient")
async def test_who_answers_pings_stays(paper: PaperExchange) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{paper.url}/binance/ws-api/v3") as socket,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await socket.receive()
        await socket.send_json({"id": 7, "method": "time"})
        assert (await socket.receive_json(timeout=5))["id"] == 7


@pytest.mark.usefixtures("impatient")
async def test_who_was_not_pinged_in_a_silence_owes_no_answer(faults: PaperExchange) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{faults.url}/binance/ws-api/v3", autoping=False) as socket,
    ):
        await faulty(faults, {"on": "user_stream", "fault": "silence", "seconds": 0.5})
        await asyncio.sleep(0.5)
        seen = [(await socket.receive(timeout=5)).type for _ in range(2)]
    assert seen == [WSMsgType.PING] * 2


@pytest.mark.parametrize("message", ["not json", "[]", '{"method":"no.such"}', '{"params":[]}'])
async def test_nonsense_is_answered_and_does_no_harm(paper: PaperExchange, message: str) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("ws-api/v3", "stream/ws"):
            async with session.ws_connect(f"{paper.url}/binance/{path}") as socket:
                await socket.send_str(message)
                assert "error" in await socket.receive_json(timeout=5)
                await socket.send_json({"id": 7, "method": "LIST_SUBSCRIPTIONS"})
                assert (await socket.receive_json(timeout=5))["id"] == 7
