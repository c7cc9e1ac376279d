from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tradingbot.bots.triggers import Crossing, TriggerIndex
from tradingbot.trading.intent import Direction

prices = st.integers(1, 60).map(Decimal)
watches = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from("abc"), prices, st.sampled_from(Direction)),
    max_size=40,
)


def is_crossed(direction: Direction, waited: Decimal, price: Decimal) -> bool:
    return price >= waited if direction is Direction.ABOVE else price <= waited


@given(watches, st.lists(prices, max_size=20), st.sets(st.integers(1, 8), max_size=3))
def test_every_price_waited_for_is_told_once_and_no_other(
    watched: list[tuple[int, str, Decimal, Direction]], ticks: list[Decimal], gone: set[int]
) -> None:
    index = TriggerIndex()
    naive = list(watched)
    for bot_id, trigger, price, direction in watched:
        index.watch(bot_id, trigger, price, direction)
    for bot_id in gone:
        index.forget(bot_id)
        naive = [watch for watch in naive if watch[0] != bot_id]

    for tick in ticks:
        hit = [watch for watch in naive if is_crossed(watch[3], watch[2], tick)]
        naive = [watch for watch in naive if not is_crossed(watch[3], watch[2], tick)]
        wanted = sorted((watch[0], watch[1]) for watch in hit)
        assert sorted((c.bot_id, c.trigger) for c in index.crossed(tick)) == wanted
    assert len(index.above) + len(index.below) == len(naive)


def test_a_tick_at_the_price_itself_crosses_it() -> None:
    index = TriggerIndex()
    index.watch(7, "stop", Decimal(100), Direction.BELOW)

    assert index.crossed(Decimal(101)) == []
    assert index.crossed(Decimal(100)) == [Crossing(7, "stop", Decimal(100))]


def test_forgetting_a_bot_leaves_the_others_waiting() -> None:
    index = TriggerIndex()
    for bot_id in (1, 2):
        index.watch(bot_id, "goal", Decimal(50), Direction.ABOVE)

    index.forget(1)

    told = defaultdict(list)
    for crossing in index.crossed(Decimal(60)):
        told[crossing.bot_id].append(crossing.trigger)
    assert told == {2: ["goal"]}
