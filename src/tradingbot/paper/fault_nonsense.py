"""Frames that cannot be read, and frames that can be read and cannot be true."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

import orjson

SOMEBODY = "somebody-elses-order"
OTHER_ID = 9_000_000_000_000
NOTHING, TOO_MUCH, NEGATIVE, NO_NUMBER = "0.00000000", "1e40", "-1.00000000", "NaN"
NUMBERS = (NEGATIVE, TOO_MUCH, NO_NUMBER)

Patch = Mapping[str, Any]

# By what an event calls itself: the fields that are made impossible, together.
PATCHES: Mapping[str, Sequence[Patch]] = {
    "executionReport": (
        {"x": "TRADE", "X": "PARTIALLY_FILLED", "l": NEGATIVE, "z": NEGATIVE},
        {"x": "TRADE", "X": "FILLED", "l": TOO_MUCH, "z": TOO_MUCH},
        {"x": "TRADE", "X": "PARTIALLY_FILLED", "l": NOTHING, "z": NOTHING},
        {"x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.00001000", "L": NO_NUMBER},
        {"x": "TRADE", "X": "FILLED", "l": "0.00001000", "L": NEGATIVE},
        {"x": "VANISHED", "X": "VANISHED"},
        {"x": "NEW", "X": "NEW", "i": OTHER_ID, "c": SOMEBODY, "C": ""},
        {"x": "TRADE", "X": "FILLED", "l": "0.00001000", "i": OTHER_ID, "c": SOMEBODY, "C": ""},
    ),
    "order": (
        {"orderStatus": "PartiallyFilled", "cumExecQty": NEGATIVE, "leavesQty": TOO_MUCH},
        {"orderStatus": "Filled", "cumExecQty": TOO_MUCH, "leavesQty": NEGATIVE},
        {"orderStatus": "PartiallyFilled", "cumExecQty": NOTHING, "cumExecValue": NOTHING},
        {"orderStatus": "PartiallyFilled", "cumExecQty": NO_NUMBER},
        {"orderStatus": "Vanished"},
        {"orderStatus": "Filled", "orderId": str(OTHER_ID), "orderLinkId": SOMEBODY},
    ),
    "execution": (
        {"execQty": NEGATIVE, "leavesQty": TOO_MUCH},
        {"execQty": TOO_MUCH, "leavesQty": NEGATIVE},
        {"execQty": NOTHING},
        {"execPrice": NO_NUMBER},
        {"execPrice": NEGATIVE},
        {"orderId": str(OTHER_ID), "orderLinkId": SOMEBODY},
    ),
}
# An execution known already would be overlooked for that alone.
TRADE_IDS: Mapping[str, str] = {"executionReport": "t", "execution": "execId"}


def garbage(event: bytes, chance: Random) -> bytes:
    """No message of any protocol."""
    half = event[: len(event) // 2].decode("utf-8", "ignore").encode()
    return chance.choice([half, b"", b"not json", b"[]", b"{}", b"null", b"7", b'"text"'])


def absurd(event: bytes, chance: Random) -> bytes:
    """The event with something impossible in it, the way its protocol would say it."""
    frame = orjson.loads(event)
    for kind, body in _bodies(frame):
        patches = PATCHES.get(kind)
        if patches is None:
            _spoil(body, chance.choice(NUMBERS))
            continue
        body.update(chance.choice(patches))
        if kind in TRADE_IDS:
            number = chance.randrange(OTHER_ID, 2 * OTHER_ID)
            name = TRADE_IDS[kind]
            body[name] = number if isinstance(body.get(name), int) else str(number)
    return orjson.dumps(frame)


def _bodies(frame: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the frame tells of, each with its kind, out of each protocol's wrappings."""
    if isinstance(frame, list):
        for each in frame:
            yield from _bodies(each)
    elif "topic" in frame:
        data = frame["data"]
        for each in data if isinstance(data, list) else [data]:
            yield str(frame["topic"]).partition(".")[0], each
    elif "event" in frame or "stream" in frame:
        yield from _bodies(frame.get("event") or frame["data"])
    else:
        yield str(frame.get("e", "")), frame


def _spoil(told: Any, number: str) -> Any:
    """Every number that is written as text."""
    if isinstance(told, dict):
        for name, value in told.items():
            told[name] = _spoil(value, number)
    elif isinstance(told, list):
        told[:] = [_spoil(value, number) for value in told]
    elif isinstance(told, str) and told.replace(".", "", 1).isdecimal():
        return number
    return told
