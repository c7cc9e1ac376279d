"""The same seed plans the same kills, and every kind of process gets its turn."""

from collections import Counter

from tests.chaos import nemesis
from tests.chaos.fleet import OURS, SERVERS
from tests.chaos.weather import PLACING, mixed


def test_the_same_seed_plans_the_same_kills_and_another_one_others() -> None:
    assert nemesis.plan(7, 5_000, 250) == nemesis.plan(7, 5_000, 250)
    assert nemesis.plan(7, 5_000, 250) != nemesis.plan(8, 5_000, 250)


def test_every_kind_is_killed_and_each_in_the_course_of_the_trade() -> None:
    kills = nemesis.plan(7, 100, 8)
    assert {kill.kind for kill in kills} == {*OURS, *SERVERS}
    assert [kill.after for kill in kills] == sorted(kill.after for kill in kills)
    assert all(0 <= kill.after < 100 for kill in kills)


def test_what_was_killed_is_told_by_kind() -> None:
    names = ["api-0", "api-1", "postgres", "order-monitor-0"]
    assert nemesis.summary(names) == "api 2, order-monitor 1, postgres 1"


def test_a_mix_of_faults_spares_as_many_as_it_should() -> None:
    rules = mixed("place", PLACING, 0.5)
    spared = 1.0
    for rule in rules:
        spared *= 1 - rule["share"]
    assert round(spared, 9) == 0.5
    assert Counter(rule["on"] for rule in rules) == {"place": len(PLACING)}
