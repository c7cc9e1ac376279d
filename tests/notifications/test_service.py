"""People choose what they hear; what makes no sense is refused and changes nothing."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.notifications.conftest import a_user
from tradingbot.events.schemas import EventType
from tradingbot.kit.database import Database
from tradingbot.notifications import service
from tradingbot.notifications.errors import SettingsInvalid
from tradingbot.notifications.schemas import EXAMPLE, NotificationSettings


async def get(database: Database, user_id: int) -> NotificationSettings:
    async with database.begin() as connection:
        return await service.get_settings(connection, user_id)


async def put(database: Database, user_id: int, body: dict[str, Any]) -> NotificationSettings:
    async with database.begin() as connection:
        return await service.put_settings(
            connection, user_id, NotificationSettings.model_validate(body)
        )


async def test_at_first_everything_is_told_and_no_channel_is_on(
    database: Database, user_id: int
) -> None:
    assert (await get(database, user_id)).model_dump() == {
        "email_enabled": False,
        "email_address": "anna@example.com",
        "telegram_enabled": False,
        "telegram_chat_id": None,
        "webhook_enabled": False,
        "webhook_url": None,
        "language": "en",
        "enabled_events": list(EventType),
        "quiet_from": None,
        "quiet_until": None,
        "timezone": "UTC",
        "max_per_minute": 20,
        "email_verified_at": None,
        "telegram_username": None,
        "telegram_role": "operator",
        "notes": {},
    }


async def test_what_is_put_is_there_and_anothers_stays(database: Database, user_id: int) -> None:
    other = await a_user(database, "boris@example.com")
    before = await get(database, other)
    await put(database, user_id, dict(EXAMPLE))
    assert (await get(database, user_id)).model_dump(mode="json", include=set(EXAMPLE)) == EXAMPLE
    assert await get(database, other) == before


async def test_what_is_left_out_stays(database: Database, user_id: int) -> None:
    await put(database, user_id, {"enabled_events": ["order_filled", "bot_error", "order_filled"]})
    after = await put(database, user_id, {"language": "ru", "telegram_chat_id": -100123})
    assert after.enabled_events == [EventType.ORDER_FILLED, EventType.BOT_ERROR]
    assert after == await get(database, user_id)
    assert (after.language, after.telegram_chat_id) == ("ru", -100123)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email_address": "nobody"}, "email_address"),
        ({"email_address": "a@b@c.de"}, "email_address"),
        ({"webhook_url": "ftp://host/x"}, "webhook_url"),
        ({"webhook_url": "javascript:alert(1)"}, "webhook_url"),
        ({"webhook_url": "https://"}, "webhook_url"),
        ({"webhook_url": "https://host:port/"}, "webhook_url"),
        ({"webhook_url": "https://host/a b"}, "webhook_url"),
        ({"webhook_url": "https://host/" + "a" * 2000}, "webhook_url"),
        ({"telegram_chat_id": "12"}, "telegram_chat_id"),
        ({"telegram_chat_id": 2**63}, "telegram_chat_id"),
        ({"telegram_chat_id": 1.5}, "telegram_chat_id"),
        ({"language": "de"}, "language"),
        ({"enabled_events": ["order_filled", "everything"]}, "enabled_events"),
        ({"enabled_events": "order_filled"}, "enabled_events"),
        ({"sms_enabled": True}, "sms_enabled"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NotificationSettings.model_validate(body)
    assert {error["loc"][0] for error in refused.value.errors()} == {field}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email_enabled": True, "email_address": None}, "email_address"),
        ({"webhook_enabled": True}, "webhook_url"),
    ],
)
async def test_a_channel_without_an_address_cannot_be_on(
    database: Database, user_id: int, body: dict[str, Any], field: str
) -> None:
    before = await get(database, user_id)
    with pytest.raises(SettingsInvalid) as refused:
        await put(database, user_id, body)
    assert refused.value.field == field
    assert await get(database, user_id) == before


async def test_ones_own_address_is_there_to_be_switched_on(
    database: Database, user_id: int
) -> None:
    assert (await put(database, user_id, {"email_enabled": True})).email_enabled
