"""Notification settings and history over HTTP."""

from tests.api.client import Api

SETTINGS = "/api/notifications/settings"


async def test_settings_have_defaults_and_keep_what_is_chosen(api: Api, ann: str) -> None:
    before = (await api.call("GET", SETTINGS, token=ann)).json()
    assert before["language"] == "en"
    chosen = {"language": "ru", "enabled_events": ["order_filled"]}
    answer = await api.call("PUT", SETTINGS, chosen, token=ann)
    assert answer.status_code == 200, answer.text
    assert (await api.call("GET", SETTINGS, token=ann)).json() == before | chosen


async def test_bad_settings_are_refused_by_field_and_change_nothing(api: Api, ann: str) -> None:
    before = (await api.call("GET", SETTINGS, token=ann)).json()
    cases: list[tuple[dict[str, object], str]] = [
        ({"webhook_enabled": True}, "webhook_url"),
        ({"email_address": "nobody"}, "email_address"),
        ({"webhook_url": "ftp://example.com"}, "webhook_url"),
        ({"language": "xx"}, "language"),
        ({"enabled_events": ["party"]}, "enabled_events.0"),
        ({"sms_enabled": True}, "sms_enabled"),
    ]
    for change, field in cases:
        answer = await api.call("PUT", SETTINGS, change, token=ann)
        assert answer.status_code == 422, (change, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await api.call("GET", SETTINGS, token=ann)).json() == before


async def test_the_history_begins_empty_and_is_a_page(api: Api, ann: str) -> None:
    answer = await api.call("GET", "/api/notifications", token=ann)
    assert answer.json() == {"items": [], "next_cursor": None}
