"""What crosses the API."""

from datetime import datetime
from typing import Annotated, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic.config import JsonDict

PASSWORD_CHARACTERS_MIN = 8
# bcrypt looks at no more than these; a longer one would promise strength it does not have.
PASSWORD_BYTES_MAX = 72


def _email(text: str) -> str:
    try:
        checked = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("is no e-mail address") from None
    return checked.normalized.lower()


def _password(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if len(value) < PASSWORD_CHARACTERS_MIN:
        raise ValueError(f"needs at least {PASSWORD_CHARACTERS_MIN} characters")
    if len(value.encode()) > PASSWORD_BYTES_MAX:
        raise ValueError(f"may have at most {PASSWORD_BYTES_MAX} bytes")
    if "\0" in value:
        raise ValueError("may not contain a NUL character")
    return secret


Email = Annotated[
    str,
    Field(max_length=254, json_schema_extra={"format": "email"}, examples=["me@example.com"]),
    AfterValidator(_email),
]
NewPassword = Annotated[
    SecretStr,
    Field(description="At least 8 characters, at most 72 bytes."),
    AfterValidator(_password),
]
Token = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]

EXAMPLE: JsonDict = {"email": "me@example.com", "password": "correct horse battery"}


class Registration(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    email: Email
    password: NewPassword


class Login(BaseModel):
    """A password is only compared here, so any is accepted and most are wrong."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    email: str = Field(min_length=1, max_length=320)
    password: SecretStr = Field(max_length=1024)


class RefreshToken(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"refresh_token": "3q2-7wAd4Zk_h0"}}
    )

    refresh_token: Token


class Tokens(BaseModel):
    """`access_token` goes into `Authorization: Bearer …`; `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # because it is a kind, not a token
    expires_in: int


class UserView(BaseModel):
    id: int
    email: str
    is_active: bool
    created_at: datetime
