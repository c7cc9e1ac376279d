"""Pages join without a gap or an overlap, and a cursor of somebody else's making is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingbot.kit.pagination import ID_MAX, CursorInvalid, Page, decode, encode, page


def fetch(ids: list[int], cursor: str | None, limit: int) -> Page[int]:
    before = decode(cursor)
    rows = [id_ for id_ in sorted(ids, reverse=True) if id_ < before]
    return page(rows[: limit + 1], limit, lambda id_: id_)


@given(st.sets(st.integers(1, ID_MAX - 1), max_size=40), st.integers(1, 7))
def test_pages_hold_each_item_once_newest_first(ids: set[int], limit: int) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        got = fetch(list(ids), cursor, limit)
        seen += got.items
        cursor = got.next_cursor
        if cursor is None:
            break
        assert len(got.items) == limit
    assert seen == sorted(ids, reverse=True)


@given(st.integers(1, ID_MAX))
def test_a_cursor_leads_back_to_its_id(last_id: int) -> None:
    assert decode(encode(last_id)) == last_id


FOREIGN = ["", "x", "12", "ключ", "MTI=", "M\x00", "_" * 5000]


@pytest.mark.parametrize("cursor", [*FOREIGN, *map(encode, (0, -1, ID_MAX + 1))])
def test_any_other_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid) as refused:
        decode(cursor)
    assert (refused.value.code, refused.value.status, refused.value.field) == (
        "cursor_invalid",
        422,
        "cursor",
    )
