"""What a channel's answer does to a delivery, and to what waits beside it."""

import asyncio
from typing import Any

from sqlalchemy import text

from tests.kit.waiting import until
from tests.notifications.conftest import a_user
from tests.notifications.test_deliveries import due_now, sweep
from tradingbot.kit import ids
from tradingbot.kit.cache import NoCache
from tradingbot.kit.database import Database
from tradingbot.notifications import repository, service
from tradingbot.notifications.courier import Courier
from tradingbot.notifications.errors import CannotDeliver, Later
from tradingbot.notifications.ports import Message, Receipt
from tradingbot.notifications.schemas import NotificationSettings, NotificationView, SettingsView

HOOK = {"webhook_enabled": True, "webhook_url": "https://example.com/x"}


class Hook:
    """A web address that answers as it is told, the last answer again and again."""

    name = "webhook"

    def __init__(self, *answers: Receipt | Exception) -> None:
        self.answers = list(answers)
        self.messages: list[Message] = []

    async def send(self, message: Message) -> Receipt:
        self.messages.append(message)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


OK = Receipt("m-1", "HTTP 200 ok")


async def put(database: Database, user_id: int, **chosen: Any) -> SettingsView:
    async with database.begin() as connection:
        body = NotificationSettings.model_validate(chosen)
        return await service.put_settings(connection, user_id, body)


async def happen(database: Database, user_id: int, *kinds: str, channel: str = "webhook") -> None:
    async with database.begin() as connection:
        for kind in kinds:
            await repository.add(
                connection,
                user_id=user_id,
                source_id=ids.new_uid(),
                event_type=kind,
                data={},
                channels=[channel],
            )


async def told(database: Database, user_id: int) -> list[NotificationView]:
    async with database.begin() as connection:
        return (await service.history(connection, user_id)).items


async def states(database: Database, user_id: int) -> list[tuple[str, int, str | None]]:
    """The oldest first."""
    return [
        (one.status, one.attempts, one.error)
        for view in reversed(await told(database, user_id))
        for one in view.deliveries
    ]


async def test_what_the_channel_answered_is_kept(database: Database, user_id: int) -> None:
    await put(database, user_id, **HOOK)
    await happen(database, user_id, "order_filled")
    await sweep(Courier(database, Hook(OK)))
    (view,) = await told(database, user_id)
    assert (view.deliveries[0].reference, view.deliveries[0].words) == ("m-1", "HTTP 200 ok")


async def test_later_means_later_and_is_no_try(database: Database, user_id: int) -> None:
    await put(database, user_id, **HOOK)
    await happen(database, user_id, "order_filled", "order_placed")
    hook = Hook(Later(30, "HTTP 429"), OK)
    await sweep(Courier(database, hook))
    assert len(hook.messages) == 1
    assert await states(database, user_id) == [
        ("pending", 0, "HTTP 429"),
        ("pending", 0, "HTTP 429"),
    ]
    (view, _) = await told(database, user_id)
    wait = view.deliveries[0].next_attempt_at - view.created_at
    assert 28 < wait.total_seconds() < 35


async def test_a_dead_address_switches_the_channel_off_and_says_so_once(
    database: Database, user_id: int
) -> None:
    await put(database, user_id, **HOOK)
    await happen(database, user_id, "order_filled", "order_placed", "bot_started")
    hook = Hook(CannotDeliver("HTTP 410", gone=True))
    await sweep(Courier(database, hook))
    assert len(hook.messages) == 1
    assert {state for state, _, _ in await states(database, user_id)} == {"dead"}
    async with database.begin() as connection:
        after = await service.get_settings(connection, user_id)
        warnings = await connection.execute(
            text("SELECT data->>'reason' FROM events WHERE type = 'account_warning'")
        )
        assert list(warnings.scalars()) == ["webhook was switched off: HTTP 410"]
    assert (after.webhook_enabled, after.notes) == (False, {"webhook": "HTTP 410"})
    await happen(database, user_id, "bot_stopped")
    await sweep(Courier(database, hook))
    assert len(hook.messages) == 1
    assert (await put(database, user_id, webhook_enabled=True)).notes == {}


async def test_an_outage_costs_one_try_at_a_time_and_then_everything_comes_in_one(
    database: Database, user_id: int
) -> None:
    await put(database, user_id, **HOOK)
    hook = Hook(ConnectionError("away"))
    courier = Courier(database, hook)
    for tries in range(1, 31):
        await due_now(database)
        await happen(database, user_id, "order_filled")
        await sweep(courier)
        await happen(database, user_id, "bot_error")
        await sweep(courier)  # nothing: its channel rests
        assert len(hook.messages) == tries
    assert {state for state, _, _ in await states(database, user_id)} == {"pending"}
    hook.answers, hook.messages = [OK], []
    await due_now(database)
    await sweep(courier)
    assert [(one.event_type, len(one.delivery_ids)) for one in hook.messages] == [
        ("digest", 30),
        ("digest", 30),
    ]
    assert {state for state, _, _ in await states(database, user_id)} == {"sent"}


async def test_who_is_told_to_wait_waits_with_all_there_is(
    database: Database, user_id: int
) -> None:
    await put(database, user_id, **HOOK)
    hook = Hook(Later(30, "HTTP 429"), OK)
    courier = Courier(database, hook)
    await happen(database, user_id, "order_filled")
    await sweep(courier)
    await happen(database, user_id, "bot_error")
    await sweep(courier)
    assert len(hook.messages) == 1


async def test_what_waits_for_the_night_to_end_was_not_tried(
    database: Database, user_id: int
) -> None:
    await put(database, user_id, **HOOK, quiet_from="00:00", quiet_until="23:59")
    await happen(database, user_id, "order_filled", "bot_error")
    hook = Hook(OK)
    await sweep(Courier(database, hook))
    # One minute of the day is not quiet: whoever runs this then sees both.
    if len(hook.messages) == 1:
        assert hook.messages[0].event_type == "bot_error"
        assert await states(database, user_id) == [
            ("pending", 0, "quiet hours"),
            ("sent", 1, None),
        ]
        await put(database, user_id, quiet_from=None, quiet_until=None)
        await sweep(Courier(database, hook))
    assert {message.event_type for message in hook.messages} == {"order_filled", "bot_error"}


async def test_twenty_a_minute_and_no_more(database: Database, user_id: int) -> None:
    await put(database, user_id, **HOOK, max_per_minute=5)
    hook = Hook(OK)
    courier = Courier(database, hook)
    for number in range(12):
        await happen(database, user_id, f"{['order_filled', 'order_placed'][number % 2]}")
        async with database.begin() as connection:
            await connection.execute(
                text("UPDATE notifications SET source_id = source_id || id::text")
            )
        await sweep(courier)
    assert len(hook.messages) == 5
    waiting = [state for state in await states(database, user_id) if state[0] == "pending"]
    assert waiting == [("pending", 0, "enough for this minute")] * 7


async def test_a_channel_that_was_switched_off_since_is_not_used(
    database: Database, user_id: int
) -> None:
    await happen(database, user_id, "order_filled")
    hook = Hook(OK)
    await sweep(Courier(database, hook))
    assert hook.messages == []
    assert await states(database, user_id) == [
        ("dead", 1, "webhook is switched off or has no address")
    ]


async def test_one_whose_server_hangs_keeps_nobody_waiting(
    database: Database, user_id: int
) -> None:
    other = await a_user(database, "boris@example.com")
    heard: list[int] = []

    class Slow(Hook):
        async def send(self, message: Message) -> Receipt:
            if message.user_id == user_id:
                await asyncio.sleep(60)
            heard.append(message.user_id)
            return OK

    for one in (user_id, other):
        await put(database, one, **HOOK)
        await happen(database, one, "order_filled")
    courier = Courier(database, Slow(OK), sweep_seconds=0.05)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(courier.run(asyncio.Event()))
        await until(lambda: heard == [other])
        running.cancel()


async def test_what_failed_most_goes_last(database: Database, user_id: int) -> None:
    await put(database, user_id, **HOOK)
    await happen(database, user_id, "order_filled")
    hook = Hook(ConnectionError("away"), OK)
    courier = Courier(database, hook)
    await sweep(courier)
    await happen(database, user_id, "bot_started")
    await due_now(database)
    await sweep(courier)
    assert [message.event_type for message in hook.messages] == [
        "order_filled", "bot_started", "order_filled",
    ]  # fmt: skip


async def test_nobody_keeps_nothing() -> None:
    cache = NoCache()
    await cache.put("a", "b", 1)
    await cache.drop("a")
    assert await cache.get("a") is None
