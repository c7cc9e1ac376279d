"""The one reader of the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from tradingbot.kit.errors import Fact
from tradingbot.notifications.mail_server import mail_server, sender

SECRET_KEY_CHARACTERS_MIN = 32
EVERYTHING = ("secret_key", "database_url", "redis_url")
REMEDIES = {
    "secret_key": "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
    "database_url": "for example postgresql://user:password@host:5432/tradingbot",
    "smtp_url": "for example smtp://user:password@host:587 or smtps://user:password@host:465",
    "redis_url": "for example redis://:password@host:6379/0",
    "telegram_bot_token": "ask @BotFather on Telegram for one",
}


class SettingRefused(Fact):
    """A variable that is missing or wrong; the message names it and never shows its value."""

    code = "setting_refused"


def _long_enough(key: SecretStr) -> SecretStr:
    if 0 < len(key.get_secret_value()) < SECRET_KEY_CHARACTERS_MIN:
        raise ValueError(f"is too short: at least {SECRET_KEY_CHARACTERS_MIN} characters")
    return key


def _url(*schemes: str) -> AfterValidator:
    def check(url: str) -> str:
        parts = urlsplit(url)
        try:
            _ = parts.port
        except ValueError:  # whose words may hold a password with a letter that ends it
            raise ValueError(f"must look like {schemes[0]}://host:port…") from None
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must look like {schemes[0]}://host:port…")
        return url

    return AfterValidator(lambda url: url and check(url))


def _mail_server(url: str) -> str:
    if url:
        mail_server(url)
    return url


def _sender(mail_from: str) -> str:
    if mail_from:
        sender(mail_from)
    return mail_from


def _comma_list(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Port = Annotated[int, Field(ge=0, le=65535)]
SecretKey = Annotated[SecretStr, AfterValidator(_long_enough)]
Hidden = Field(default="", repr=False)


class Settings(BaseSettings):
    """Every variable the system reads, by its own name in capitals. Empty means: not given."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, frozen=True, hide_input_in_errors=True, extra="ignore"
    )

    database_url: Annotated[str, _url("postgresql", "postgres")] = Hidden
    redis_url: Annotated[str, _url("redis", "rediss", "valkey")] = Hidden
    secret_key: SecretKey = SecretStr("")
    secret_keys_old: Annotated[tuple[SecretKey, ...], NoDecode, BeforeValidator(_comma_list)] = ()
    data_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        default=Path("~/.local/share/tradingbot"), validate_default=True
    )
    api_host: str = "127.0.0.1"
    api_port: Port = 8000
    access_token_minutes: Annotated[int, Field(ge=1)] = 30
    trading_mode: Literal["paper", "testnet", "live"] = "paper"
    paper_exchange_url: Annotated[str, _url("http", "https")] = ""
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_api_url: Annotated[str, _url("https", "http")] = "https://api.telegram.org"
    smtp_url: Annotated[str, AfterValidator(_mail_server)] = Hidden
    mail_from: Annotated[str, AfterValidator(_sender)] = ""
    webhook_allow_private: bool = False
    public_url: Annotated[str, _url("https", "http")] = ""
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = (
        "INFO"
    )
    log_format: Literal["json", "console"] = "json"


def load(*needs: str) -> Settings:
    """The settings, with every one of `needs` (EVERYTHING, or some of it) given.

    Raises SettingRefused, which names the variable and says what would do.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        words = first["msg"].removeprefix("Value error, ")
        name = str(first["loc"][0])
        raise SettingRefused(f"{name.upper()}: {words}", field=name) from None
    for name in needs:
        if getattr(settings, name) in ("", SecretStr("")):
            raise SettingRefused(f"{name.upper()}: is not set; {REMEDIES[name]}", field=name)
    return settings


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """What a child process of ours is given: our own environment, with `changes`."""
    return {**os.environ, **changes}
