"""From the queue to the person: each channel once, tried again when it fails, whatever dies."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, update

from tests.kit.waiting import consuming, until
from tests.notifications.conftest import a_user
from tradingbot.adapters.redis_queue import RedisQueue
from tradingbot.events import service as events
from tradingbot.kit.database import Database
from tradingbot.kit.outbox import Relay
from tradingbot.kit.pagination import Page
from tradingbot.kit.queue import Item, Unprocessable
from tradingbot.notifications import courier as couriers
from tradingbot.notifications import service
from tradingbot.notifications.channels import QUEUE, queue_of
from tradingbot.notifications.courier import Courier, pause_seconds
from tradingbot.notifications.errors import CannotDeliver
from tradingbot.notifications.models import deliveries
from tradingbot.notifications.ports import Message, Receipt
from tradingbot.notifications.router import Router
from tradingbot.notifications.schemas import NotificationSettings, NotificationView

CONSOLE = queue_of("console")


class Heard:
    """A console that keeps what it says, after failing as often as it is told to."""

    name = "console"

    def __init__(self, *errors: Exception) -> None:
        self.messages: list[Message] = []
        self._errors = list(errors)

    async def send(self, message: Message) -> Receipt:
        if self._errors:
            raise self._errors.pop(0)
        self.messages.append(message)
        return Receipt(f"#{len(self.messages)}", "heard")


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[RedisQueue]:
    queue = RedisQueue(redis_url, "notifier-1")
    yield queue
    await queue.close()


def an_item(user_id: int, /, **changes: object) -> Item:
    return {"id": "event:1", "user_id": user_id, "event_type": "order_filled", "data": {}} | changes


async def history(database: Database, user_id: int, **page: Any) -> Page[NotificationView]:
    async with database.begin() as connection:
        return await service.history(connection, user_id, **page)


async def due_now(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(
            update(deliveries).values(
                next_attempt_at=func.now() - timedelta(seconds=1), held_until=None
            )
        )


async def sweep(courier: Courier) -> None:
    while await courier._deliver_one():
        pass


async def test_from_an_event_to_a_line_on_the_console(
    database: Database, queue: RedisQueue, user_id: int
) -> None:
    console = Heard()
    courier = Courier(database, console)
    handlers = {QUEUE: Router(database, queue).handle, CONSOLE: courier.handle}
    async with consuming(queue, handlers):
        async with database.begin() as connection:
            await events.record(
                connection,
                user_id=user_id,
                bot_id=3,
                type="order_filled",
                message="Order filled.",
                data={"side": "buy", "quantity": "0.001", "symbol": "BTC/USDT"},
            )
        await Relay(database, queue.push).send()
        await until(lambda: console.messages)
    (message,) = console.messages
    assert message.text == "Order filled: buy 0.001 BTC/USDT"
    assert message.data["bot_id"] == 3
    (view,) = (await history(database, user_id)).items
    assert view.text == message.text
    assert [(one.channel, one.status, one.attempts) for one in view.deliveries] == [
        ("console", "sent", 1)
    ]


async def test_each_push_by_hand_is_a_message_of_its_own(
    database: Database, queue: RedisQueue, user_id: int, redis_url: str
) -> None:
    console = Heard()
    handlers = {
        QUEUE: Router(database, queue).handle,
        CONSOLE: Courier(database, console).handle,
    }
    pushed = json.dumps({"user_id": user_id, "event_type": "order_filled", "data": {"price": 0.1}})
    async with consuming(queue, handlers), Redis.from_url(redis_url) as redis:
        await redis.lpush(QUEUE, pushed, pushed)
        await until(lambda: len(console.messages) == 2)
    assert console.messages[0].data["price"] == "0.1"


async def test_an_item_that_comes_twice_is_told_once(
    database: Database, queue: RedisQueue, user_id: int
) -> None:
    router, console = Router(database, queue), Heard()
    for _ in range(3):
        await router.handle(an_item(user_id))
    courier = Courier(database, console)
    await courier.handle({"delivery_id": 1})
    await courier.handle({"delivery_id": 1})
    await sweep(courier)
    assert len(console.messages) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"user_id": 999}, "there is no user 999"),
        ({"user_id": "someone"}, "user_id: "),
        ({"user_id": 2**70}, "user_id: "),
        ({"event_type": "rain"}, "event_type: "),
        ({"data": "text"}, "data: "),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_reason(
    database: Database, queue: RedisQueue, user_id: int, changes: Item, why: str
) -> None:
    with pytest.raises(Unprocessable, match=why):
        await Router(database, queue).handle(an_item(user_id, **changes))
    assert (await history(database, user_id)).items == []


async def test_odd_data_harms_nobody(database: Database, queue: RedisQueue, user_id: int) -> None:
    data = {"bot": "nul \x00 half \ud800", "message": "x" * 5000, "deep": {"er": [None]}}
    await Router(database, queue).handle(an_item(user_id, data=data))
    console = Heard()
    await sweep(Courier(database, console))
    assert len(console.messages) == 1


async def test_who_does_not_want_to_hear_is_not_told(
    database: Database, queue: RedisQueue, user_id: int
) -> None:
    async with database.begin() as connection:
        chosen = NotificationSettings.model_validate({"enabled_events": ["bot_error"]})
        await service.put_settings(connection, user_id, chosen)
    router, console = Router(database, queue), Heard()
    await router.handle(an_item(user_id))
    await router.handle(an_item(user_id, id="event:2", event_type="bot_error"))
    await router.handle(an_item(await a_user(database, "gone@example.com", is_active=False), id=3))
    await sweep(Courier(database, console))
    assert [message.event_type for message in console.messages] == ["bot_error"]


async def test_the_reader_chooses_the_language(
    database: Database, queue: RedisQueue, user_id: int
) -> None:
    async with database.begin() as connection:
        chosen = NotificationSettings.model_validate({"language": "ru"})
        await service.put_settings(connection, user_id, chosen)
    console = Heard()
    await Router(database, queue).handle(an_item(user_id))
    await sweep(Courier(database, console))
    assert console.messages[0].text == "Ордер исполнен"
    assert (await history(database, user_id)).items[0].text == "Ордер исполнен"


async def test_what_fails_is_tried_again_later_and_then_sent(
    database: Database, queue: RedisQueue, user_id: int
) -> None:
    console = Heard(ConnectionResetError("token=abcdef123 is no good"), TimeoutError())
    courier = Courier(database, console)
    await Router(database, queue).handle(an_item(user_id))
    await sweep(courier)
    (delivery,) = (await history(database, user_id)).items[0].deliveries
    assert (delivery.status, delivery.attempts) == ("pending", 1)
    assert delivery.error == "ConnectionResetError: token=*** is no good"
    await sweep(courier)
    assert console.messages == []
    for _ in range(2):
        await due_now(database)
        await sweep(courier)
    (delivery,) = (await history(database, user_id)).items[0].deliveries
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 3, None)
    assert delivery.sent_at is not None


@pytest.mark.parametrize(
    ("errors", "status", "why"),
    [
        ([CannotDeliver("the chat is blocked")], "dead", "the chat is blocked"),
        ([TimeoutError()] * 3, "dead", "given up after a day: TimeoutError: TimeoutError"),
    ],
)
async def test_what_will_never_arrive_is_given_up_with_the_reason(
    database: Database,
    queue: RedisQueue,
    user_id: int,
    monkeypatch: pytest.MonkeyPatch,
    errors: list[Exception],
    status: str,
    why: str,
) -> None:
    monkeypatch.setattr(couriers, "ATTEMPTS_MAX", 3)
    monkeypatch.setattr(couriers, "STALE", timedelta(0))
    courier = Courier(database, Heard(*errors))
    await Router(database, queue).handle(an_item(user_id))
    for _ in errors:
        await due_now(database)
        await sweep(courier)
    (delivery,) = (await history(database, user_id)).items[0].deliveries
    assert (delivery.status, delivery.error) == (status, why)


async def test_what_nobody_rang_for_is_swept_up_and_one_who_died_is_followed(
    database: Database, user_id: int
) -> None:
    away = RedisQueue("redis://127.0.0.1:1/0", "away")
    await Router(database, away).handle(an_item(user_id))
    await away.close()

    class Dies(Heard):
        async def send(self, message: Message) -> Receipt:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Courier(database, Dies()).handle({"delivery_id": 1})
    await due_now(database)
    console, stopped = Heard(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Courier(database, console, sweep_seconds=0.05).run(stopped))
        await until(lambda: console.messages)
        stopped.set()


async def test_many_couriers_send_each_message_once(
    database: Database, queue: RedisQueue, user_id: int
) -> None:
    router, console = Router(database, queue), Heard()
    for number in range(60):
        await router.handle(an_item(user_id, id=f"event:{number}"))
    await asyncio.gather(*(sweep(Courier(database, console)) for _ in range(4)))
    assert len({message.delivery_ids for message in console.messages}) == 60
    assert len(console.messages) == 60


async def test_an_item_of_the_channels_queue_needs_a_delivery(database: Database) -> None:
    with pytest.raises(Unprocessable, match="delivery_id"):
        await Courier(database, Heard()).handle({"id": "1", "text": "hello"})


async def test_history_comes_page_by_page_and_is_ones_own(
    database: Database, queue: RedisQueue, user_id: int
) -> None:
    router = Router(database, queue)
    for number in range(5):
        await router.handle(an_item(user_id, id=number, data={"number": number}))
    first = await history(database, user_id, limit=3)
    second = await history(database, user_id, cursor=first.next_cursor, limit=3)
    assert [view.data["number"] for view in first.items + second.items] == [4, 3, 2, 1, 0]
    assert second.next_cursor is None
    assert (await history(database, await a_user(database, "b@example.com"))).items == []


def test_pauses_grow_up_to_a_minute_however_long_it_takes() -> None:
    assert 1 <= pause_seconds(1) <= 2
    assert 30 <= pause_seconds(15) <= 60
    assert 30 <= pause_seconds(5000) <= 60
