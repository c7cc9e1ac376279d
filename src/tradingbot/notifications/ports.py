"""What we need to reach a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One telling, perhaps of many things at once.

    `title`, `facts` and `advice` are plain text in the reader's language, one line each: a channel
    escapes them for its own markup.
    """

    delivery_ids: tuple[int, ...]  # one, or all that a digest tells of
    user_id: int
    address: str  # where: a chat's number, an e-mail address, a web address
    event_type: str  # of a digest: "digest"
    language: str
    title: str  # "Order filled"
    facts: tuple[tuple[str, str], ...]  # ("Price", "60,000.00 USDT")
    advice: str  # what to do, or ""
    text: str  # all of it in one line
    data: Mapping[str, Any]  # the raw facts
    happened_at: datetime  # by the reader's own clock


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the channel answered: its own number for the message, and its words if any."""

    reference: str = ""
    words: str = ""


class Channel(Protocol):
    @property
    def name(self) -> str: ...

    async def send(self, message: Message) -> Receipt:
        """Return when it has arrived, as far as the channel can know.

        Raises CannotDeliver when it never will, Later when the channel says how long to wait;
        anything else means: later, at our own pace.
        """
        ...
