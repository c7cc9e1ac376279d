"""Who is killed when: planned from a seed beforehand, carried out as the trade goes on."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.chaos.fleet import OURS, SERVERS, Fleet

LOOK_SECONDS = 0.02
# PostgreSQL takes everybody's work along, so it goes less often.
WEIGHTS = {"api": 4, "bot-worker": 4, "order-monitor": 4, "exchange": 2, "valkey": 2, "postgres": 1}


@dataclass(frozen=True, slots=True)
class Kill:
    """Of which kind, once so many orders are asked for; `pick` chooses among several."""

    after: int
    kind: str
    pick: float


def plan(seed: int, orders: int, count: int) -> list[Kill]:
    """The same for the same seed. Every kind at least once, when there are kills enough."""
    chance = Random(f"{seed}:kills")  # noqa: S311  # because a plan must be repeatable
    kinds = [*OURS, *SERVERS][:count]
    more = max(0, count - len(kinds))
    kinds += chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=more)
    chance.shuffle(kinds)
    moments = sorted(chance.randrange(max(1, orders)) for _ in kinds)
    return [Kill(after, kind, chance.random()) for after, kind in zip(moments, kinds, strict=True)]


async def carry_out(fleet: Fleet, kills: Sequence[Kill], progress: Callable[[], int]) -> None:
    """Each when its moment has come; one that is just being born anyway gets its turn after."""
    for kill in kills:
        while progress() < kill.after or not _struck(fleet, kill):  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(LOOK_SECONDS)


def _struck(fleet: Fleet, kill: Kill) -> bool:
    names = fleet.names(kill.kind)
    return fleet.strike(names[int(kill.pick * len(names))])


def summary(names: Sequence[str]) -> str:
    counts = Counter(name.rpartition("-")[0] or name for name in names)
    return ", ".join(f"{kind} {counts[kind]}" for kind in sorted(counts))
