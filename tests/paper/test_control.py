"""The doors tests and demos use: keys, accounts, journal, status."""

from typing import Any

import aiohttp
import orjson
import pytest

from tests.paper.market import move
from tradingbot.paper.accounts import account_of
from tradingbot.paper.journal import totals
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

S = "BTC/USDT"


async def get(paper: PaperExchange, path: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{paper.url}/paper/{path}") as answer,
    ):
        return answer.status, await answer.text()


async def test_the_journal_is_read_from_any_line_on(ccxt: Any, paper: PaperExchange) -> None:
    await ccxt.create_order(S, "limit", "buy", 0.002, 59_000, {"newClientOrderId": "mine"})
    move(paper, S, "58000")
    _, text = await get(paper, "journal")
    entries = [orjson.loads(line) for line in text.splitlines()]
    assert {entry["kind"] for entry in entries} >= {"account", "order", "fill"}
    sums = totals(entries, account_of("a key"), S)
    assert (str(sums.bought), str(sums.spent), sums.fills) == ("0.002", "118.000", 1)
    assert str(sums.fees["BTC"]) == "0.00000200"
    (fill,) = [entry for entry in entries if entry["kind"] == "fill"]
    assert (fill["cid"], fill["maker"], fill["status"]) == ("mine", True, "FILLED")
    _, later = await get(paper, f"journal?after={fill['seq'] - 1}")
    assert orjson.loads(later.splitlines()[0])["seq"] == fill["seq"]
    assert (await get(paper, "journal?after=x"))[0] == 422


async def test_an_account_is_read_by_its_key(ccxt: Any, paper: PaperExchange) -> None:
    await ccxt.create_order(S, "limit", "buy", 0.002, 59_000)
    status, text = await get(paper, "accounts?api_key=a%20key")
    account = orjson.loads(text)
    assert status == 200
    assert account["balances"]["USDT"] == {"free": "99882.000", "locked": "118.000"}
    assert len(account["open_orders"]) == 1
    assert (await get(paper, "accounts?api_key=nobody"))[0] == 404


async def test_the_status_tells_the_feed_and_its_prices(paper: PaperExchange) -> None:
    _, text = await get(paper, "status")
    told = orjson.loads(text)
    assert told["prices"][S] == "60000.00"
    assert (told["finished"], told["feed"]["feed"]) == (False, "synthetic")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"api_key":1}',
        b'{"api_key":"k","permissions":{"flying":true}}',
        b'{"api_key":"k","permissions":{"trading":"yes"}}',
        b'{"api_key":"k","permissions":"all"}',
        b'{"api_key":"k","permissions":[1]}',
        b'{"api_key":"k","balances":{"USDT":"much"}}',
        b'{"api_key":"k","balances":{"USDT":"-1"}}',
        b'{"api_key":"k","balances":{"USDT":"NaN"}}',
    ],
)
async def test_an_odd_registration_changes_nothing(paper: PaperExchange, body: bytes) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.url}/paper/keys", data=body) as answer,
    ):
        assert answer.status == 422
    assert paper.venue.ledger.accounts == {}
