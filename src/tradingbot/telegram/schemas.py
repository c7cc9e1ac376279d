"""What crosses the API, and what Telegram sends."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Language = Literal["en", "ru"]
TEXT_CHARACTERS_MAX = 500
NAME_CHARACTERS_MAX = 64


class Role(StrEnum):
    """What a chat may do: a viewer sees, an operator acts too."""

    VIEWER = "viewer"
    OPERATOR = "operator"


class LinkChat(BaseModel):
    """With `code`, from the bot's greeting, the chat is joined at once; without, a link is made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"role": "operator"}})

    code: Annotated[str | None, Field(max_length=40, examples=["K7MP-2QXF"])] = None
    role: Role = Field(default=Role.OPERATOR, description="In groups everybody is a viewer.")


class ChatView(BaseModel):
    """A Telegram chat that belongs to the account."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    name: str
    role: Role
    linked_at: datetime


class LinkView(BaseModel):
    """A way into the account, for one chat and 15 minutes; or the chat that has joined it."""

    url: str | None = Field(default=None, description="Open it in Telegram and press Start.")
    command: str | None = Field(default=None, description="The same, to be typed to the bot.")
    expires_at: datetime | None = None
    chat: ChatView | None = None


class _Known(BaseModel):
    """Of what Telegram sends we look at a little, and let the rest be."""

    model_config = ConfigDict(extra="ignore")


class SaidChat(_Known):
    id: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]
    type: str = "private"
    title: str = ""
    first_name: str = ""
    username: str = ""

    @property
    def name(self) -> str:
        shown = self.first_name if self.type == "private" else self.title
        return (shown or self.username or str(self.id))[:NAME_CHARACTERS_MAX]


class Sender(_Known):
    language_code: str = ""


class SaidMessage(_Known):
    message_id: int
    chat: SaidChat
    sender: Sender = Field(default=Sender(), alias="from")
    text: str = ""
    migrate_to_chat_id: int | None = None


class Pressed(_Known):
    """A button was."""

    id: str
    sender: Sender = Field(default=Sender(), alias="from")
    message: SaidMessage | None = None
    data: str = ""


class MyMembership(_Known):
    """The bot was blocked, or thrown out of a group, or the other way round."""

    chat: SaidChat


class Update(_Known):
    update_id: Annotated[int, Field(ge=0, lt=2**63)]
    message: SaidMessage | None = None
    callback_query: Pressed | None = None
    my_chat_member: MyMembership | None = None

    @property
    def chat(self) -> SaidChat | None:
        pressed = self.callback_query.message if self.callback_query else None
        spoken = self.message or pressed or self.my_chat_member
        return None if spoken is None else spoken.chat

    @property
    def language(self) -> str:
        """Of the person's own Telegram: for a chat that has chosen none yet."""
        spoken = self.callback_query or self.message
        return "" if spoken is None else spoken.sender.language_code


def understood(body: dict[str, Any]) -> Update | None:
    """None: it is of a kind we do not know."""
    try:
        return Update.model_validate(body)
    except ValidationError:
        return None
