"""Test 20: hours of ordinary trade under one per cent of every fault, looked at every minute."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import psutil

from tests.chaos import oracle
from tests.chaos.fleet import OURS, Shape
from tests.chaos.oracle import Books, Witness
from tests.chaos.scene import SETTLED_SECONDS, Scene, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.chaos.weather import storm

DISTURBED = 0.01
MARKET = {"speed": 60.0, "prints_per_second": 4.0}
LOOK_SECONDS = 60.0
SECONDS_SHORT = 20
# What the processes take until everything that is made on first use has been made.
WARM_SHARE = 0.15
GROWTH_PERCENT_MAX = 5.0
PLACE_SECONDS = 1.0
# Wrong at any moment; anything else may be on its way, and counts when it stays.
AT_ONCE = frozenset({"doubled", "reposted", "unplanned", "denied", "late", "drifted"})
STAYS_SECONDS = SETTLED_SECONDS


@dataclass
class Health:
    """Of each process, at each look: megabytes in memory and open files."""

    memory: dict[str, list[float]] = field(default_factory=dict)
    files: dict[str, list[int]] = field(default_factory=dict)

    def look(self, scene: Scene) -> None:
        for process in scene.fleet.ours(*OURS):
            if process.pid is not None:
                there = psutil.Process(process.pid)
                size = there.memory_info().rss / 2**20
                self.memory.setdefault(process.name, []).append(size)
                self.files.setdefault(process.name, []).append(there.num_fds())

    def growth(self) -> dict[str, float]:
        """Per cent of memory more than when all was warm."""
        return {
            name: round(100 * (sizes[-1] / sizes[_warm(sizes)] - 1), 1)
            for name, sizes in self.memory.items()
        }

    def leaks(self) -> dict[str, int]:
        """Open files more in the calmest moment of the last third than in the busiest of the first.

        What is left open again and again grows from third to third. A pool that was filled up once
        keeps its connections while they are used, and has a calmer moment sooner or later.
        """
        grown = {
            name: min(counts[-_third(counts) :]) - max(counts[: _third(counts)])
            for name, counts in self.files.items()
        }
        return {name: more for name, more in grown.items() if more > 0}


def _warm(looks: list[float]) -> int:
    return int(len(looks) * WARM_SHARE)


def _third(looks: list[int]) -> int:
    return max(1, len(looks) // 3)


async def run(stage: Stage, hours: float = 1.0) -> list[Verdict]:
    seconds = hours * 3600 if stage.long else SECONDS_SHORT
    pause = LOOK_SECONDS if stage.long else 2.0
    shape = Shape(seed=stage.seed, exchange=MARKET)
    async with asyncio.timeout(seconds + 1200), opened(stage, shape, 4) as scene:
        await scene.grids(4)
        await scene.fleet.exchange.disturb(storm(DISTURBED), stage.seed)
        health, breaks = Health(), dict[str, set[str]]()
        async with asyncio.TaskGroup() as group:
            trading = group.create_task(place_now_and_then(scene))
            await observe(scene, seconds, pause, health, breaks)
            trading.cancel()
        deaths = {each.name: each.lives - 1 for each in scene.fleet.ours(*OURS) if each.lives > 1}
        await scene.quiet()
        settled = await scene.settled()
        verdict = scene.verdict(
            20, f"{seconds / 3600:.3g} h, {settled.books.orders} orders, 1 % of all faults"
        )
        verdict.exactly("invariants broken", breaks, {})
        verdict.exactly("processes that ended", deaths, {})
        if stage.long:  # in seconds nothing could be told from the noise
            worst = max(health.growth().values())
            verdict.at_most("memory grown by", worst, GROWTH_PERCENT_MAX, " %")
            verdict.exactly("files left open", health.leaks(), {})
        judge(verdict, settled)
        return [verdict]


async def place_now_and_then(scene: Scene) -> None:
    while True:
        await scene.crowd.trade(len(scene.crowd.customers), cancels=0.5)
        await asyncio.sleep(PLACE_SECONDS)


async def observe(
    scene: Scene, seconds: float, pause: float, health: Health, breaks: dict[str, set[str]]
) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    witness = Witness(scene.fleet.journal_path)
    since: dict[tuple[str, str], float] = {}
    while loop.time() < until:
        await asyncio.sleep(pause)
        found = await oracle.books(scene.fleet, witness)
        since = {each: since.get(each, loop.time()) for each in problems(found)}
        for (name, what), moment in since.items():
            if name in AT_ONCE or loop.time() - moment > STAYS_SECONDS:
                breaks.setdefault(name, set()).add(what)
        health.look(scene)
        scene.stage.tell(line(found, health, breaks, until - loop.time()))


def problems(found: Books) -> list[tuple[str, str]]:
    return [(name, what) for name, those in found.problems.items() for what in those]


def line(found: Books, health: Health, breaks: Mapping[str, set[str]], left: float) -> str:
    memory = " ".join(f"{name} {sizes[-1]:.0f}" for name, sizes in health.memory.items())
    files = " ".join(f"{counts[-1]}" for counts in health.files.values())
    return f"{left / 60:.0f} min left: {found}; MB {memory}; files {files}; broken {dict(breaks)}"
