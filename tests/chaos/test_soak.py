"""What the soak takes for a leak."""

from itertools import chain, repeat

from tests.chaos.soak import Health


def health(files: list[int]) -> Health:
    return Health(files={"order-monitor-0": files})


def test_files_left_open_one_in_ten_minutes_are_found() -> None:
    counts = [40 + minute // 10 + minute % 3 for minute in range(60)]
    assert health(counts).leaks() == {"order-monitor-0": 1}


def test_a_pool_that_was_filled_up_once_is_no_leak() -> None:
    """As seen: a connection more from the 22nd minute on, and calmer moments later."""
    counts = [
        *chain(repeat(42, 11), repeat(43, 10), repeat(44, 19)),
        *chain((43, 43, 42, 43), repeat(44, 15)),
    ]
    assert health(counts).leaks() == {}
