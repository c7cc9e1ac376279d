"""Tests 17 and 18: everything starts again, with many open orders, or with yesterday's database."""

import asyncio
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path
from signal import SIGINT

from tests.chaos.fleet import OURS, Fleet, Shape
from tests.chaos.oracle import books
from tests.chaos.scene import Scene, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.system.running import until
from tradingbot.local.servers import give_away, unprivileged_user

SECONDS_MAX = 3600
KNOWN_SECONDS_MAX = 60.0
FOUND_SECONDS_MAX = 60.0
PER_ACCOUNT = 20
# Of each account's orders, how many are filled while nobody of ours is there.
FILLED = 2
MARKET = {"speed": 300.0, "prints_per_second": 8.0}

ASIDE = "SELECT account_id, kind, subject FROM quarantine"
HELD = "SELECT count(*) AS n FROM exchange_accounts WHERE held_since IS NOT NULL"


async def many(stage: Stage) -> Verdict:
    """Test 17. With the exchange's own limits, not those of a roomy one."""
    accounts = stage.size(short=6, long=50)
    shape = Shape(seed=stage.seed, exchange={"prints_per_second": 0, "limits": {}})
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, accounts) as scene:
        await scene.crowd.look()
        top = scene.crowd.prices["BTC/USDT"]
        async with asyncio.TaskGroup() as group:
            for customer in scene.crowd.customers:
                group.create_task(ladder(scene, customer.number, top))
        await away(scene.fleet)
        lowest = rung(top, FILLED - 1)
        await scene.fleet.exchange.print("BTC/USDT", lowest, Decimal(1000))
        await back(scene.fleet)
        settled = await scene.settled()
        verdict = scene.verdict(17, f"{accounts * PER_ACCOUNT} open orders on {accounts} accounts")
        verdict.exactly("filled meanwhile", settled.books.fills, accounts * FILLED)
        limit = stage.within(KNOWN_SECONDS_MAX)
        verdict.in_time("all known after", settled.clean, limit)
        verdict.exactly("refused for too many requests", limited(scene.fleet), 0)
        judge(verdict, settled)
        return verdict


async def ladder(scene: Scene, number: int, top: Decimal) -> None:
    customer = scene.crowd.customers[number]
    for step in range(PER_ACCOUNT):
        price = str(rung(top, step))
        wish = {"symbol": "BTC/USDT", "side": "buy", "type": "limit", "quantity": "0.001"}
        order = await scene.crowd.place(customer, f"ladder:{number}:{step}", **wish, price=price)
        assert order.get("status") == "open", order


def rung(top: Decimal, step: int) -> Decimal:
    return (top * Decimal("0.99")).quantize(Decimal(1)) - step


async def away(fleet: Fleet) -> None:
    """All of ours are gone, killed, and not allowed to come back yet."""
    for process in fleet.ours(*OURS):
        process.allowed.clear()
        fleet.strike(process.name)

    async def gone() -> bool:
        return all(process.pid is None for process in fleet.ours(*OURS))

    await until(gone)


async def back(fleet: Fleet) -> None:
    for process in fleet.ours(*OURS):
        process.allowed.set()

    async def there() -> bool:
        return all([await process.answers() for process in fleet.ours(*OURS)])

    await until(there)


def limited(fleet: Fleet) -> int:
    """Times the exchange had to say that it was asked too much."""
    words = ("HTTP 429", "HTTP 418", "HTTP 403")
    logs = [process.log.read_text() for process in fleet.ours(*OURS)]
    return sum(log.count(word) for log in logs for word in words)


async def restored(stage: Stage) -> Verdict:
    """Test 18: what was placed after the backup is on the exchange, and in no table."""
    orders = stage.size(short=40, long=1_000)
    shape = Shape(seed=stage.seed, exchange=MARKET)
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, 4) as scene:
        await scene.crowd.trade(orders, cancels=0.2)
        await scene.fleet.exchange.pace(0)
        await until(lambda: all_right(scene))
        copy = await backed_up(scene.fleet)
        await scene.fleet.exchange.pace(8)
        await scene.crowd.trade(orders, cancels=0.2)
        await scene.fleet.exchange.pace(0)
        await until(lambda: all_right(scene))
        await restore(scene.fleet, copy)
        return await judged(scene)


async def all_right(scene: Scene) -> bool:
    return (await books(scene.fleet)).clean


async def backed_up(fleet: Fleet) -> Path:
    copy = fleet.directory / "postgres.earlier"
    await stop_postgres(fleet)
    await asyncio.to_thread(shutil.copytree, fleet.directory / "postgres" / "data", copy)
    fleet.postgres.allowed.set()
    await until(fleet.postgres.answers)
    return copy


async def restore(fleet: Fleet, copy: Path) -> None:
    """Nobody of ours is told: their connections break, and what answers next is an older one."""
    data = fleet.directory / "postgres" / "data"
    await stop_postgres(fleet)
    await asyncio.to_thread(shutil.rmtree, data)
    await asyncio.to_thread(copy.rename, data)
    if (user := unprivileged_user()) is not None:
        give_away(data, user)
    fleet.postgres.allowed.set()
    await until(fleet.postgres.answers)


async def stop_postgres(fleet: Fleet) -> None:
    fleet.postgres.allowed.clear()
    fleet.strike("postgres", SIGINT)

    async def down() -> bool:
        return fleet.postgres.pid is None

    await until(down)


async def judged(scene: Scene) -> Verdict:
    """Everything open or filled since the backup is set aside by name, and its account held."""
    found = await books(scene.fleet)
    unknown = {cid for cid in found.lost if cid not in over_without_trace(scene.fleet)}
    unknown -= await beyond_memory(scene.fleet, unknown)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    aside: set[str] = set()
    while not unknown <= aside and loop.time() - begun < 2 * FOUND_SECONDS_MAX:
        await asyncio.sleep(0.5)
        aside = {row["subject"] for row in await scene.fleet.rows(ASIDE)}
    after = round(loop.time() - begun, 1)
    [held] = await scene.fleet.rows(HELD)
    verdict = scene.verdict(18, f"{len(unknown)} orders placed after the backup was taken")
    verdict.at_least("unknown orders", len(unknown), 1)
    verdict.exactly("not found", len(unknown - aside), 0)
    verdict.in_time("found after", after, scene.stage.within(FOUND_SECONDS_MAX))
    verdict.exactly("accounts held", held["n"], len(accounts_of(scene.fleet, unknown)))
    verdict.exactly("refused while held", await refused(scene), {"account_held"})
    verdict.exactly("doubled", len((await books(scene.fleet)).doubled), 0)
    return verdict


def over_without_trace(fleet: Fleet) -> set[str]:
    """Orders that were cancelled without a fill: they changed nothing, nobody need know them."""
    journal = fleet.journal()
    filled = {entry["cid"] for entry in journal if entry["kind"] == "fill"}
    ended = {
        entry["cid"]
        for entry in journal
        if entry["kind"] == "state" and entry["status"] in ("CANCELED", "EXPIRED", "REJECTED")
    }
    return ended - filled


async def beyond_memory(fleet: Fleet, ids: set[str]) -> set[str]:
    """Filled on markets where the database knows of no order of that account.

    Binance tells trades market by market: nobody can ask for those. The balances tell of them.
    """
    orders = {e["cid"]: e for e in fleet.journal() if e["kind"] == "order"}
    known = {
        (orders[row["cid"]]["account"], row["symbol"])
        for row in await fleet.rows("SELECT client_order_id AS cid, symbol FROM orders")
        if row["cid"] in orders
    }
    filled = {entry["cid"] for entry in fleet.journal() if entry["kind"] == "fill"}
    places = {cid: (orders[cid]["account"], orders[cid]["symbol"]) for cid in ids & filled}
    return {cid for cid, place in places.items() if place not in known}


def accounts_of(fleet: Fleet, ids: set[str]) -> set[str]:
    return {e["account"] for e in fleet.journal() if e["kind"] == "order" and e["cid"] in ids}


async def refused(scene: Scene) -> set[str]:
    """With which codes everybody's next order is turned down."""
    codes: Counter[str] = Counter()
    for customer in scene.crowd.customers:
        order = await scene.crowd.rest(customer)
        codes[str(order.get("code"))] += 1
    return set(codes)
