"""Each rule of the books is broken once, and each breach is found, told and printed."""

import subprocess
import sys
from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.fake_manners import Fault
from tests.orders.world import SYMBOL, World
from tradingbot.orders import invariants
from tradingbot.orders.invariants_repository import RULES
from tradingbot.orders.quarantine import Finding, Kind, Quarantine
from tradingbot.trading.order import OrderType

D = Decimal
TWIN = """
INSERT INTO exchange_accounts (user_id, exchange, mode, name, api_key_encrypted,
    api_secret_encrypted, api_key_hint, api_key_fingerprint)
SELECT user_id, exchange, mode, name, '', '', '', 'twin' FROM exchange_accounts
"""
BREAKS = [
    ("fills_add_up", "UPDATE orders SET filled_quantity = 0.002 WHERE slot = 'partly'"),
    ("fills_add_up", "UPDATE orders SET filled_cost = filled_cost + 1 WHERE slot = 'market'"),
    ("fills_add_up", "DELETE FROM fills WHERE quantity = 0.003"),
    ("filled_within_quantity", "UPDATE orders SET quantity = 0.001 WHERE slot = 'partly'"),
    ("filled_within_quantity", "UPDATE orders SET filled_quantity = -1 WHERE slot = 'partly'"),
    ("status_fits_what_is_filled", "UPDATE orders SET status = 'filled' WHERE slot = 'partly'"),
    ("status_fits_what_is_filled", "UPDATE orders SET status = 'open' WHERE slot = 'partly'"),
    ("status_fits_what_is_filled", "UPDATE orders SET status = 'expired' WHERE slot = 'market'"),
    ("status_fits_what_is_filled", "UPDATE orders SET status = 'not_placed' WHERE slot = 'market'"),
    (
        "status_fits_what_is_filled",
        "UPDATE orders SET status = 'partially_filled' WHERE slot = 'resting'",
    ),
    ("fills_belong_to_their_order", "UPDATE fills SET side = 'sell' WHERE id = 1"),
    ("fills_belong_to_their_order", "UPDATE fills SET symbol = 'ETH/USDT' WHERE id = 1"),
    ("fills_are_amounts", "UPDATE fills SET fee = 'NaN' WHERE id = 1"),
    ("fills_are_amounts", "UPDATE fills SET price = 0 WHERE id = 1"),
    (
        "sent_only_when_signed",
        "UPDATE orders SET status = 'sending', sign_timestamp_ms = NULL WHERE slot = 'resting'",
    ),
    (
        "doubt_ends",
        """
        UPDATE orders SET status = 'sending', updated_at = now() - interval '11 minutes'
        WHERE slot = 'resting'
        """,
    ),
    (
        "cancels_are_done",
        """
        UPDATE orders SET cancel_requested_at = now() - interval '11 minutes'
        WHERE slot = 'resting'
        """,
    ),
    (
        "on_the_exchange_by_its_number",
        "UPDATE orders SET exchange_order_id = NULL WHERE slot = 'resting'",
    ),
    (
        "one_number_one_order",
        "UPDATE orders SET exchange_order_id = 'x' WHERE slot IN ('resting', 'partly')",
    ),
    (
        "one_id_one_order",
        """
        UPDATE orders SET account_id = 2, client_order_id =
            (SELECT client_order_id FROM orders WHERE slot = 'planned')
        WHERE slot = 'refused'
        """,
    ),
    (
        "unknown_orders_hold_their_account",
        "UPDATE exchange_accounts SET held_since = NULL WHERE held_since IS NOT NULL",
    ),
]


async def some_books(world: World) -> None:
    """An order of every fate, and an account that is held."""
    await world.plan(slot="planned")
    await world.placed(slot="market", type=OrderType.MARKET, price=None)
    await world.placed(slot="refused", quantity=D(100))
    await world.placed(slot="resting", price=D(40_000))
    cancelled = await world.placed(slot="cancelled")
    world.exchange.move(SYMBOL, D(50_000), D("0.004"))
    await world.executor.cancel(await world.asked_to_cancel(cancelled))
    world.exchange.move(SYMBOL, D(60_000))
    await world.placed(slot="partly")
    world.exchange.move(SYMBOL, D(50_000), D("0.003"))
    await world.reconciliation.compare(world.account_id, trades=True)
    world.exchange.move(SYMBOL, D(60_000))
    world.exchange.fail_next(Fault.LOST_BEFORE, Fault.LOST_AFTER)
    absent = await world.placed(slot="absent")
    await world.applier.prove_absent(absent.id)
    await world.placed(slot="in doubt")
    kind = Kind.UNKNOWN_ORDER
    await Quarantine(world.database).put(Finding(world.account_id, kind, "tb-x", {}, "Why"))


async def test_books_kept_by_the_applier_add_up(world: World) -> None:
    await some_books(world)

    assert await invariants.breaches(world.database) == []


def test_every_rule_is_broken_by_a_test() -> None:
    assert {rule for rule, _ in BREAKS} == set(RULES)


@pytest.mark.parametrize(("rule", "query"), BREAKS)
async def test_a_broken_rule_is_found(world: World, rule: str, query: str) -> None:
    await some_books(world)
    async with world.database.begin() as connection:
        await connection.execute(text(TWIN))
        await connection.execute(text(query))

    assert rule in {breach.rule for breach in await invariants.breaches(world.database)}


async def test_what_is_broken_is_told_once(world: World) -> None:
    await some_books(world)
    told = await world.event_types()
    async with world.database.begin() as connection:
        await connection.execute(text("DELETE FROM fills WHERE quantity = 0.003"))

    for _ in range(2):
        await invariants.report(world.database)

    found = (await world.quarantined())[-1]
    assert (found.kind, found.times) == ("broken_invariant", 2)
    assert "filled 0.003" in found.why
    assert (await world.event_types())[len(told) :] == ["account_warning"]


async def test_what_has_not_changed_for_a_day_is_left_to_the_command_line(world: World) -> None:
    await some_books(world)
    async with world.database.begin() as connection:
        await connection.execute(text("DELETE FROM fills WHERE quantity = 0.003"))
        await connection.execute(
            text("UPDATE orders SET updated_at = now() - interval '2 days' WHERE slot = 'partly'")
        )

    await invariants.report(world.database)

    assert [finding.kind for finding in await world.quarantined()] == ["unknown_order"]
    assert len(await invariants.breaches(world.database)) == 1


async def test_the_command_prints_each_breach_in_a_line_and_ends_with_1(
    world: World, database_url: str
) -> None:
    await some_books(world)
    assert audit(database_url) == (0, "")
    async with world.database.begin() as connection:
        await connection.execute(text("DELETE FROM fills WHERE quantity = 0.003"))

    code, printed = audit(database_url)

    assert code == 1
    [line] = printed.splitlines()
    assert line.startswith(f"fills_add_up\taccount {world.account_id}\torder ")


def audit(database_url: str) -> tuple[int, str]:
    done = subprocess.run(  # our own command
        [sys.executable, "-m", "tradingbot", "audit"],
        env={"DATABASE_URL": database_url, "SECRET_KEY": "a secret key for tests, long enough"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout
