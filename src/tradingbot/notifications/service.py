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
    """The settings with what `body` names changed. Raise SettingsInvalid, naming the field.

    After the commit tell `Audiences.changed`.
    """
    before = await repository.settings_of(connection, user_id, lock=True)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    after = before.model_copy(update=changes)
    for switch, address in NEEDS.items():
        if getattr(after, switch) and not getattr(after, address):
            raise SettingsInvalid(f"{address} is needed while {switch} is true", field=address)
    _check_quiet(after)
    again = {channel for channel in after.notes if changes.get(f"{channel}_enabled")}
    notes = {channel: note for channel, note in after.notes.items() if channel not in again}
    proven = after.email_verified_at if after.email_address == before.email_address else None
    after = after.model_copy(update={"notes": notes, "email_verified_at": proven})
    await repository.save_settings(connection, user_id, after)
    await repository.wake(connection, user_id)
    return after


def _check_quiet(settings: SettingsView) -> None:
    start, end = settings.quiet_from, settings.quiet_until
    if (start is None) != (end is None):
        missing = "quiet_from" if start is None else "quiet_until"
        raise SettingsInvalid("quiet_from and quiet_until belong together", field=missing)
    if start is not None and start == end:
        raise SettingsInvalid("quiet_until must differ from quiet_from", field="quiet_until")


async def history(
    connection: Connection,
    user_id: int,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
    status: str | None = None,
) -> Page[NotificationView]:
    """What there was to tell the user, newest first. Raise CursorInvalid.

    `status`: only what a channel has in that state.
    """
    language = (await repository.settings_of(connection, user_id)).language
    told = await repository.history(connection, user_id, decode(cursor), limit + 1, status)
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
