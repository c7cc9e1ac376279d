"""Nonsense reads like the protocol it is told in, and nothing true is left of it."""

from typing import Any

import orjson
import pytest

from tradingbot.paper.fault_nonsense import NUMBERS, PATCHES, SOMEBODY, absurd, garbage
from tradingbot.paper.synthetic import chance

REPORT = {"e": "executionReport", "i": 7, "c": "mine", "X": "FILLED", "l": "1", "z": "2", "t": 4}
POSITION = {"e": "outboundAccountPosition", "E": 1, "B": [{"a": "BTC", "f": "1.5", "l": "0"}]}
TRADE = {"e": "trade", "s": "BTCUSDT", "p": "60000.00", "q": "1"}
ORDER = {"orderId": "7", "orderLinkId": "mine", "orderStatus": "New", "cumExecQty": "2"}
EXECUTION = {"orderId": "7", "orderLinkId": "mine", "execId": "4", "execQty": "1"}


def some(frame: object) -> list[Any]:
    event = orjson.dumps(frame)
    return [orjson.loads(absurd(event, chance(seed))) for seed in range(100)]


def without_numbers(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: without_numbers(value) for name, value in told.items()}
    if isinstance(told, list):
        return [without_numbers(value) for value in told]
    number = isinstance(told, str) and (told in NUMBERS or told.replace(".", "").isdecimal())
    return "a number" if number else told


@pytest.mark.parametrize(
    ("kind", "wrap", "body", "unwrap"),
    [
        (
            "executionReport",
            lambda body: {"subscriptionId": 0, "event": body},
            REPORT,
            lambda frame: frame["event"],
        ),
        ("order", lambda body: {"topic": "order", "data": [body]}, ORDER, lambda f: f["data"][0]),
        (
            "execution",
            lambda body: {"topic": "execution.spot", "data": [body]},
            EXECUTION,
            lambda frame: frame["data"][0],
        ),
    ],
)
def test_every_way_to_be_impossible_comes_up(
    kind: str, wrap: Any, body: dict[str, Any], unwrap: Any
) -> None:
    told = [unwrap(frame) for frame in some(wrap(body))]
    for patch in PATCHES[kind]:
        assert any(patch.items() <= each.items() for each in told)
    assert any(SOMEBODY in (each.get("c"), each.get("orderLinkId")) for each in told)


def test_an_execution_that_never_was_is_a_new_one() -> None:
    reports = [frame["event"] for frame in some({"subscriptionId": 0, "event": REPORT})]
    executions = [frame["data"][0] for frame in some({"topic": "execution", "data": [EXECUTION]})]
    assert {type(each["t"]) for each in reports} == {int}
    assert {type(each["execId"]) for each in executions} == {str}
    assert len({each["t"] for each in reports}) == len({each["execId"] for each in executions})
    assert len({each["t"] for each in reports}) == 100


@pytest.mark.parametrize(
    ("frame", "numbers"),
    [
        ({"subscriptionId": 0, "event": POSITION}, lambda f: f["event"]["B"][0]["f"]),
        (TRADE, lambda frame: frame["p"]),
        ({"stream": "btcusdt@trade", "data": TRADE}, lambda frame: frame["data"]["q"]),
        ([TRADE, TRADE], lambda frame: frame[1]["p"]),
        ({"e": "depthUpdate", "b": [["60000.00", "1"]]}, lambda frame: frame["b"][0][1]),
        (
            {"topic": "tickers.BTCUSDT", "data": {"lastPrice": "6"}},
            lambda f: f["data"]["lastPrice"],
        ),
        (
            {"topic": "wallet", "data": [{"coin": [{"coin": "BTC", "walletBalance": "1"}]}]},
            lambda frame: frame["data"][0]["coin"][0]["walletBalance"],
        ),
    ],
)
def test_other_numbers_become_impossible_and_names_stay(frame: Any, numbers: Any) -> None:
    assert {numbers(each) for each in some(frame)} == set(NUMBERS)
    assert all(without_numbers(each) == without_numbers(frame) for each in some(frame))


def test_garbage_is_no_event() -> None:
    event = orjson.dumps({"subscriptionId": 0, "event": REPORT})
    seen = {garbage(event, chance(seed)) for seed in range(100)}
    assert len(seen) == 8
    assert event[: len(event) // 2] in seen
    assert event not in seen
