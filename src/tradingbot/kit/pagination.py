"""A page of a list, newest first, and the cursor to the next."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, Field

from tradingbot.kit.errors import Invalid

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
ID_MAX = 2**63 - 1

Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX)]

T = TypeVar("T")


class CursorInvalid(Invalid):
    code = "cursor_invalid"


class Page(BaseModel, Generic[T]):
    """`next_cursor` is absent on the last page."""

    items: list[T]
    next_cursor: str | None = None


def encode(last_id: int) -> str:
    """The cursor to what comes after `last_id`."""
    return base64.urlsafe_b64encode(str(last_id).encode()).decode().rstrip("=")


def decode(cursor: str | None) -> int:
    """Items with ids below this come next; without a cursor, all. Raise CursorInvalid."""
    if cursor is None:
        return ID_MAX
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        last_id = int(base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii"))
    except (ValueError, binascii.Error):
        last_id = 0
    if not 0 < last_id <= ID_MAX or encode(last_id) != cursor:
        raise CursorInvalid("this cursor is none of ours; leave it out to begin", field="cursor")
    return last_id


def page(found: Sequence[T], limit: int, id_of: Callable[[T], int]) -> Page[T]:
    """`found` is what a query for `limit` + 1 rows gave: the one too many says there is more."""
    items = list(found[:limit])
    more = len(found) > limit
    return Page(items=items, next_cursor=encode(id_of(items[-1])) if more else None)
