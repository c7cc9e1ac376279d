"""A wrong variable is named in one line, and no secret is ever shown."""

import pytest

from tradingbot.settings import EVERYTHING, SettingRefused, load

GOOD = {
    "DATABASE_URL": "postgresql://user:hidden-1@host:5432/name",
    "REDIS_URL": "redis://:hidden-2@host:6379/0",
    "SECRET_KEY": "hidden-3-is-long-enough-to-be-a-key",
    "SECRET_KEYS_OLD": "hidden-4-was-the-key-of-long-ago-xx, hidden-5-was-the-key-before-that-xx",
    "SMTP_URL": "smtp://user:hidden-6@host:25",
    "TELEGRAM_BOT_TOKEN": "hidden-7",
}


@pytest.fixture(autouse=True)
def good_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_secrets_are_never_shown() -> None:
    settings = load(*EVERYTHING)
    assert "hidden" not in f"{settings!r} {settings}"
    assert len(settings.secret_keys_old) == 2


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"])
def test_what_is_needed_and_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    with pytest.raises(SettingRefused, match=f"^{name}: is not set; "):
        load(*EVERYTHING)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:hidden-1@host/name"),
        ("DATABASE_URL", "postgresql://user:hidden-1@host:99999999/name"),
        ("REDIS_URL", "hidden-2"),
        ("SECRET_KEY", "hidden-3"),
        ("SECRET_KEYS_OLD", "hidden-4"),
        ("API_PORT", "hidden-8"),
        ("TRADING_MODE", "hidden-9"),
        ("ACCESS_TOKEN_MINUTES", "0"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_without_showing_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingRefused) as refused:
        load()
    assert refused.value.message.startswith(f"{name}: ")
    assert "hidden" not in refused.value.message
    assert "\n" not in refused.value.message


def test_both_spellings_of_a_postgres_address_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://user@host/name")
    assert load().database_url == "postgres://user@host/name"
