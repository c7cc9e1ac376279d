"""What we need to reach a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One telling: `text` is one line in the reader's language, `data` the facts behind it."""

    delivery_id: int
    user_id: int
    event_type: str
    language: str
    text: str
    data: Mapping[str, Any]
    happened_at: datetime


class Channel(Protocol):
    @property
    def name(self) -> str: ...

    async def send(self, message: Message) -> None:
        """Return when it has arrived, as far as the channel can know.

        Raises CannotDeliver when it never will; anything else means: later.
        """
        ...
