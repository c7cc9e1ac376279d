"""Each statement of the system does the same in memory as in PostgreSQL: to rows, and in words."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asyncpg.exceptions import PostgresError

from tests.seeds.database import SeededDatabase
from tests.seeds.exchange import BEGINNING
from tests.seeds.sample import Sample
from tests.seeds.shapes import Row, shapes
from tests.seeds.statements import compiled
from tests.seeds.statements_of import every_statement
from tests.seeds.store import Store
from tests.seeds.twin import Twin, twin
from tradingbot.kit.database import Database
from tradingbot.kit.statement import Statement

pytestmark = pytest.mark.anyio

HISTORIES = 60
STEPS = 25
# A limit cuts nothing off at random only where the rows are in one certain order.
BY_ID = re.compile(r"ORDER BY \w+\.id\b")


@pytest.fixture
async def real(database_url: str) -> AsyncIterator[Twin]:
    async with twin(database_url) as found:
        yield found


class InMemory:
    def __init__(self) -> None:
        self.now = BEGINNING
        self.store = Store(lambda: self.now)
        self.database = SeededDatabase(self.store, at)

    def tables(self) -> dict[str, list[Row]]:
        return {
            name: sorted(rows.values(), key=shapes()[name].key)
            for name, rows in self.store.rows.items()
        }


async def at(_: str) -> None:
    """Nothing goes wrong here."""


@pytest.mark.parametrize("name", every_statement())
def test_every_statement_is_modelled(name: str) -> None:
    compiled(str(every_statement()[name]))


@pytest.mark.parametrize("name", every_statement())
def test_a_sample_knows_every_bound_value(name: str) -> None:
    assert arguments(Sample(0), every_statement()[name]) is not None


async def test_random_histories_leave_the_same_rows_and_say_the_same(real: Twin) -> None:
    for seed in range(HISTORIES):
        await real.empty()
        await alike(real, InMemory(), seed)


async def alike(real: Twin, memory: InMemory, seed: int) -> None:
    sample = Sample(seed)
    await real.set_present(memory.now)
    for table, row in sample.rows():
        memory.store.put(table, **row)
        await real.put(table, row)
    names = sorted(every_statement())
    for _ in range(STEPS):
        memory.now += timedelta(seconds=sample.chance.choice((0.001, 0.7, 3.0)))
        await real.set_present(memory.now)
        name = sample.chance.choice(names)
        values = arguments(sample, every_statement()[name])
        ours = await outcome(memory.database, every_statement()[name], values)
        theirs = await outcome(real.database, every_statement()[name], values)
        assert ours == theirs, (seed, name, values)
    assert memory.tables() == await real.tables(), seed


def arguments(sample: Sample, statement: Statement) -> dict[str, Any]:
    wanted = [name for name in statement._names if name not in statement._given]
    return {name: argument(sample, statement, name) for name in wanted}


def argument(sample: Sample, statement: Statement, name: str) -> Any:
    if name in {"count", "limit"}:
        return sample.chance.randrange(4) if BY_ID.search(str(statement)) else 100
    if name == "ids":
        numbers = sample.chance.sample(range(1, 10), 4)
        return numbers if "bigint[]" in str(statement) else sample.many_ids(numbers)
    if name == "id" and "workers" in str(statement):
        return sample.value("worker_id")
    return sample.value(name)


async def outcome(database: Database, statement: Statement, values: dict[str, Any]) -> Any:
    try:
        async with database.asking() as driver:
            rows = await statement.rows(driver, **values)
    except PostgresError as error:
        return type(error)
    return sorted((sorted(row.items()) for row in rows), key=repr)
