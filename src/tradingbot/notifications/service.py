"""Use cases: choose what to hear and where, read what there was."""

from tradingbot.kit.database import Connection
from tradingbot.kit.pagination import LIMIT_DEFAULT, Page, decode, page
from tradingbot.notifications import repository
from tradingbot.notifications.errors import SettingsInvalid
from tradingbot.notifications.messages import tell
from tradingbot.notifications.repository import Told
from tradingbot.notifications.schemas import NotificationSettings, NotificationView, SettingsView

# A channel that is on needs to know where to. A Telegram chat introduces itself later.
NEEDS = {"email_enabled": "email_address", "webhook_enabled": "webhook_url"}


async def get_settings(connection: Connection, user_id: int) -> SettingsView:
    return await repository.settings_of(connection, user_id)


async def put_settings(
    connection: Connection, user_id: int, body: NotificationSettings
) -> SettingsView:
    """The settings with what `body` names changed. Raise SettingsInvalid, naming the field."""
    before = await repository.settings_of(connection, user_id, lock=True)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    after = before.model_copy(update=changes)
    for switch, address in NEEDS.items():
        if getattr(after, switch) and not getattr(after, address):
            raise SettingsInvalid(f"{address} is needed while {switch} is true", field=address)
    await repository.save_settings(connection, user_id, after)
    return after


async def history(
    connection: Connection, user_id: int, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[NotificationView]:
    """What there was to tell the user, newest first. Raise CursorInvalid."""
    language = (await repository.settings_of(connection, user_id)).language
    told = await repository.history(connection, user_id, decode(cursor), limit + 1)
    return page([_view(one, language) for one in told], limit, lambda view: view.id)


def _view(told: Told, language: str) -> NotificationView:
    telling = tell(told.event_type, told.data, language)
    return NotificationView.model_validate(
        {
            "id": told.id,
            "event_type": told.event_type,
            "title": telling.title,
            "text": telling.text,
            "data": told.data,
            "created_at": told.created_at,
            "deliveries": told.deliveries,
        }
    )
