import asyncio
from typing import Any

import pytest

from tests.orders.test_service import a_body
from tests.orders.world import World
from tradingbot.orders import quarantine as quarantines
from tradingbot.orders.errors import AccountHeld
from tradingbot.orders.executor import attempt
from tradingbot.orders.quarantine import HOLDING, Finding, Kind, Quarantine
from tradingbot.trading.order import OrderStatus

S = OrderStatus


def a_finding(world: World, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "account_id": world.account_id,
        "kind": Kind.UNREADABLE,
        "subject": "s",
        "what": {"raw": "{\0"},
        "why": "It makes no sense",
    }
    return Finding(**values | changes)


async def test_what_is_set_aside_is_kept_and_told_once_and_then_counted(world: World) -> None:
    quarantine = Quarantine(world.database)

    for _ in range(3):
        await quarantine.put(a_finding(world))

    [kept] = await world.quarantined()
    assert (kept.kind, kept.times, kept.why) == ("unreadable", 3, "It makes no sense")
    assert await world.event_types() == ["account_warning"]


async def test_of_one_kind_a_person_hears_once_a_minute(world: World) -> None:
    quarantine = Quarantine(world.database)

    await quarantine.put(a_finding(world, subject="1"))
    await quarantine.put(a_finding(world, subject="2"))
    await quarantine.put(a_finding(world, subject="3", kind=Kind.CONTRADICTION))

    assert len(await world.quarantined()) == 3
    assert await world.event_types() == ["account_warning"] * 2


@pytest.mark.parametrize("kind", Kind)
async def test_a_flood_is_cut_short_unless_our_books_lack_what_it_tells_of(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    monkeypatch.setattr(quarantines, "UNRESOLVED_MAX", 4)
    quarantine = Quarantine(world.database)

    for number in range(9):
        await quarantine.put(a_finding(world, kind=kind, subject=str(number)))

    assert len(await world.quarantined()) == (9 if kind in HOLDING else 4)


async def test_the_same_found_at_the_same_time_is_one(world: World) -> None:
    quarantine = Quarantine(world.database)

    await asyncio.gather(*(quarantine.put(a_finding(world)) for _ in range(8)))

    [kept] = await world.quarantined()
    assert kept.times == 8
    assert await world.event_types() == ["account_warning"]


@pytest.mark.parametrize("kind", Kind)
async def test_where_our_books_lack_something_the_account_is_held(world: World, kind: Kind) -> None:
    await Quarantine(world.database).put(a_finding(world, kind=kind))

    assert (await world.held_reason() is not None) == (kind in HOLDING)


async def test_the_first_reason_to_hold_an_account_stays(world: World) -> None:
    quarantine = Quarantine(world.database)
    await quarantine.put(a_finding(world, kind=Kind.UNKNOWN_ORDER, why="First"))
    await quarantine.put(a_finding(world, kind=Kind.UNKNOWN_FILLS, why="Second"))

    assert await world.held_reason() == "First"


async def test_nothing_is_sent_on_a_held_account_and_what_is_planned_stays_so(
    world: World,
) -> None:
    order = await world.plan()
    await world.hold()

    await attempt(world.executor, order)

    assert (await world.now(order)).status is S.PLANNED
    assert world.exchange.posts == []


async def test_on_a_held_account_cancels_and_look_ups_go_on(world: World) -> None:
    order = await world.placed()
    planned = await world.plan(slot="grid:02:buy")
    await world.hold()

    await attempt(world.executor, await world.asked_to_cancel(order))
    await attempt(world.executor, await world.asked_to_cancel(planned))

    assert (await world.now(order)).status is S.CANCELLED
    assert (await world.now(planned)).status is S.CANCELLED


async def test_a_manual_order_on_a_held_account_is_refused_and_says_what_to_do(
    world: World,
) -> None:
    await world.hold("something is amiss")

    with pytest.raises(AccountHeld, match=r"something is amiss.*/release"):
        await world.desk.place_manual(world.user_id, a_body())

    assert world.exchange.posts == []


async def test_an_order_asked_for_before_is_answered_on_a_held_account_too(world: World) -> None:
    first = await world.desk.place_manual(world.user_id, a_body(), "a-key")
    await world.hold()

    assert (await world.desk.place_manual(world.user_id, a_body(), "a-key")).id == first.id


async def test_an_account_held_in_the_middle_of_placing_sends_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = world.desk._check

    async def check_and_hold(*about: Any) -> None:
        await check(*about)
        await world.hold()

    monkeypatch.setattr(world.desk, "_check", check_and_hold)

    with pytest.raises(AccountHeld):
        await world.desk.place_manual(world.user_id, a_body())

    assert world.exchange.posts == []
