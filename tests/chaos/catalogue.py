"""The twenty fault tests by number, and what runs each."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from tests.chaos import (
    clocks,
    deaths,
    mayhem,
    network,
    outages,
    restarts,
    soak,
    stalls,
    storms,
    streams,
)
from tests.chaos.family import ROOT
from tests.chaos.scene import Stage
from tests.chaos.verdict import Verdict

Run: TypeAlias = Callable[[Stage], Coroutine[Any, Any, list[Verdict]]]

ERROR_CODES = ("tests/adapters/test_ccxt_errors.py",)
BOOKS = ("tests/system/test_ledger.py",)
# These know no other exchange, or know both at once.
ONCE = frozenset({7, 14, 19})


def one(run: Callable[[Stage], Awaitable[Verdict]]) -> Run:
    async def listed(stage: Stage) -> list[Verdict]:
        return [await run(stage)]

    return listed


def written(test: int, *files: str) -> Run:
    """A test that is a table, not a fleet: pytest runs it."""

    async def run(stage: Stage) -> list[Verdict]:
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files)
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        verdict = Verdict(test, "+".join(stage.exchanges), stage.seed, f"pytest {' '.join(files)}")
        verdict.exactly("ends with", process.returncode, 0)
        stage.tell(said.decode().strip().rpartition("\n")[2])
        return [verdict]

    return run


TESTS: Mapping[tuple[int, ...], Run] = {
    (1,): deaths.run,
    (2,): mayhem.run,
    (3,): stalls.run,
    (4, 5, 6, 8): network.run,
    (7,): written(7, *ERROR_CODES),
    (9,): one(streams.muddled),
    (10,): one(streams.cut),
    (11,): one(streams.silence),
    (12,): one(streams.burst),
    (13,): clocks.run,
    (14,): storms.run,
    (15,): one(outages.postgres),
    (16,): one(outages.valkey),
    (17,): one(restarts.many),
    (18,): one(restarts.restored),
    (19,): written(19, *BOOKS),
    (20,): soak.run,
}
