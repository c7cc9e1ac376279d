"""Several bots on one key and one market: whose is what adds up to what the exchange has."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.system.books import rows
from tests.system.ledger import Witness, flows, read_books, summed, trade_of
from tests.system.running import System, running, until
from tests.system.test_replay import write_candles
from tradingbot.paper.accounts import account_of
from tradingbot.trading.money import ZERO

CALM, CANDLES = 60, 400
SPEED = 90_000  # 25 candles a second
EVERY = 1_000  # events
GRIDS: Sequence[dict[str, object]] = (
    {"lower": 27_000, "upper": 33_000, "lines": 81, "investment": 20_000},
    {"lower": 28_000, "upper": 32_000, "lines": 61, "investment": 12_000, "spacing": "arithmetic"},
)


@dataclass
class Account:
    """Two grids and a bot whose owner trades by hand, on one key."""

    id: int
    grids: list[int]
    manual: int
    seen: Witness
    checked: list[int] = field(default_factory=list)  # at which events its books agreed


async def opened(system: System, key: str, fee_coin: str, bnb: str) -> Account:
    """`fee_coin`: "" takes fees of what is received."""
    keys = {"api_key": key, "api_secret": "s"}
    body = keys | {"fee_coin": fee_coin, "balances": {"BNB": bnb}}
    async with system.http.post(
        system.facts["paper_exchange_url"] + "/paper/keys", json=body
    ) as answer:
        assert answer.status == 200, await answer.text()
    manual = await system.create_bot(name=f"{key} by hand", start=False, **keys)
    grids = [
        (await system.create_bot(name=f"{key} {n}", start=False, params=params, **keys))["id"]
        for n, params in enumerate(GRIDS)
    ]
    seen = Witness(system.directory / "paper" / "journal.jsonl", account_of(key))
    return Account(manual["account_id"], grids, manual["id"], seen)


async def trade_by_hand(system: System, account: Account, chance: Random) -> None:
    """Market orders both ways, and limit orders of which some are cancelled."""
    resting: list[int] = []
    while True:
        side, kind = chance.choice(["buy", "sell"]), chance.choice(["market", "limit"])
        price = None
        if kind == "limit":
            away = chance.choice([0.97, 0.995, 1.005, 1.03])
            price = round(await price_of(system) * away, 2)
        body = {
            "bot_id": account.manual,
            "symbol": "BTC/USDT",
            "side": side,
            "type": kind,
            "quantity": round(chance.uniform(0.001, 0.02), 5),
            "price": price,
        }
        status, order = await system.call("POST", "/api/orders", body)
        assert status in (201, 202), order
        if order["status"] == "open":
            resting.append(order["id"])
        if len(resting) > 3:
            await system.call("DELETE", f"/api/orders/{resting.pop(0)}")
        await asyncio.sleep(0.05)


async def price_of(system: System) -> float:
    async with system.http.get(system.facts["paper_exchange_url"] + "/paper/status") as answer:
        return float((await answer.json())["prices"]["BTC/USDT"])


async def check_as_it_goes(system: System, accounts: Sequence[Account]) -> None:
    """At any moment: the books and the trades they have not heard of are the balances."""
    while True:
        for account in accounts:
            books, seen = await read_books(system.facts["database_url"], account.id), account.seen
            seen.catch_up()
            unheard = set(seen.trades) - {trade_of(fill) for fill in books.fills}
            assert books.totals() == seen.without(unheard)
            account.checked.append(len(seen.totals))
        await asyncio.sleep(0.25)


async def played(system: System) -> bool:
    async with system.http.get(system.facts["paper_exchange_url"] + "/paper/status") as answer:
        return bool((await answer.json())["finished"])


async def quiet(system: System, accounts: Sequence[Account]) -> bool:
    """All trades are counted in, and all news is decided on."""
    [row] = await rows(
        system.facts["database_url"],
        "SELECT (SELECT count(*) FROM bot_inbox) + (SELECT count(*) FROM orders "
        "WHERE status IN ('planned', 'sending') OR (cancel_requested_at IS NOT NULL "
        "AND status IN ('open', 'partially_filled'))) + (SELECT count(*) FROM bots "
        "WHERE command IS NOT NULL OR status IN ('starting', 'stopping')) AS n, "
        "(SELECT count(*) FROM fills) AS fills",
    )
    for account in accounts:
        account.seen.catch_up()
    traded = sum(len(account.seen.trades) for account in accounts)
    return (row["n"], row["fills"]) == (0, traded)


async def play(system: System, accounts: Sequence[Account]) -> None:
    async with asyncio.TaskGroup() as group:
        beside = [
            group.create_task(trade_by_hand(system, account, Random(account.id)))  # noqa: S311  # orders, no secrets
            for account in accounts
        ]
        beside.append(group.create_task(check_as_it_goes(system, accounts)))
        await until(lambda: played(system), 90, "the replay is over")
        for task in beside:
            task.cancel()
    await until(lambda: quiet(system, accounts), 60, "all is counted in")


async def assert_each_owns_what_its_trades_brought(system: System, account: Account) -> None:
    books = await read_books(system.facts["database_url"], account.id)
    for bot_id, params in zip(account.grids, GRIDS, strict=True):
        brought = flows(f for f in books.fills if f["bot_id"] == bot_id)
        given = [("USDT", ZERO + int(str(params["investment"])))]
        assert books.of(bot_id, "bot") == summed([*given, *brought.items()])
    coins = flows(f for f in books.fills if f["origin"] == "manual").get("BTC", ZERO)
    # More coins than it had bought were sold: those belonged to no bot.
    live = await rows(
        system.facts["database_url"],
        "SELECT coalesce(sum(drawn), 0) AS n FROM orders WHERE origin = 'manual' AND side = 'sell' "
        "AND account_id = $1",
        account.id,
    )
    assert coins <= books.of(account.manual, "manual").get("BTC", ZERO) <= coins + live[0]["n"]


async def assert_books_equal_the_journal(system: System, account: Account) -> int:
    """At its end, and at every thousandth event; how many of those there were."""
    books = await read_books(system.facts["database_url"], account.id)
    seen = account.seen
    last = len(seen.totals) - 1
    thousandths = range(EVERY - 1, last, EVERY)
    for event in (*thousandths, last):
        there, later = seen.at(event)
        if there:  # its account was there by then
            assert books.without(later) == there, event
    return len(thousandths)


@pytest.mark.timeout(240)
async def test_bots_on_one_key_and_one_market_never_touch_each_others_money(
    tmp_path: Path,
) -> None:
    candles = tmp_path / "BTC_USDT-1h.csv"
    write_candles(candles, count=CANDLES, calm=CALM)
    arguments = (f"--feed=replay:{candles}", f"--speed={SPEED}", "--fee-coin=BNB")
    async with running(tmp_path / "data", *arguments) as system:
        await system.sign_in()
        # Fees are taken of what is received; in a third coin until there is none left.
        accounts = [
            await opened(system, "received", "", "0"),
            await opened(system, "third coin", "BNB", "0.1"),
        ]
        grids = [grid for account in accounts for grid in account.grids]
        for bot_id in grids:  # the market begins with the first order
            assert (await system.call("POST", f"/api/bots/{bot_id}/start"))[0] == 200
        await play(system, accounts)

        for account in accounts:
            await assert_each_owns_what_its_trades_brought(system, account)
            thousands = await assert_books_equal_the_journal(system, account)
            assert thousands > 1
            assert len({event // EVERY for event in account.checked}) >= thousands
        for bot_id in grids:
            await system.call("POST", f"/api/bots/{bot_id}/stop", {"on_stop": "sell"})
        await until(lambda: quiet(system, accounts), 60, "all have stopped")

        for account in accounts:
            await assert_books_equal_the_journal(system, account)
            books = await read_books(system.facts["database_url"], account.id)
            assert [books.of(bot_id, "bot") for bot_id in account.grids] == [{}, {}]
            # A market order by hand may have cost more than was set aside: the free part lends it.
            assert all(r["amount"] >= 0 for r in books.holdings if r["origin"] != "manual")
            ledger = await system.get(f"/api/accounts/{account.id}/ledger")
            assert {coin["drift"] for coin in ledger["coins"]} == {"0"}
        fees = [{f["fee_currency"] for f in (await read(system, a)).fills} for a in accounts]
        assert fees == [{"BTC", "USDT"}, {"BTC", "USDT", "BNB"}]
        assert await refusals_and_warnings(system) == []


async def read(system: System, account: Account) -> Any:
    return await read_books(system.facts["database_url"], account.id)


async def refusals_and_warnings(system: System) -> list[str]:
    """Nobody ever lacked money of his own, and the books never seemed to differ."""
    found = await rows(
        system.facts["database_url"],
        "SELECT message FROM events WHERE type IN ('account_warning', 'bot_error', "
        "'exchange_error') UNION ALL SELECT reason FROM orders WHERE code = 'insufficient_funds'",
    )
    return [row["message"] for row in found]
