"""Test 3: a process stands still between its commit and its request, longer than its signature."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from signal import SIGCONT
from typing import Any

import aiohttp

from tests.chaos.actors import Api, Hatched
from tests.chaos.fleet import Shape
from tests.chaos.scene import Scene, Stage, judge, opened
from tests.chaos.verdict import Verdict
from tests.system.running import until
from tradingbot.paper.journal import Entry

STALE = ("-1021", "10002")
SECONDS_MAX = 3600
STILL_SECONDS_MAX = 20
ANSWERED_SECONDS_MAX = 20


async def run(stage: Stage) -> list[Verdict]:
    rounds = stage.size(short=1, long=13)
    seconds = 60 if stage.long else 7
    apis = 4 if stage.long else 3
    shape = Shape(seed=stage.seed, apis=apis, exchange={"prints_per_second": 0})
    async with asyncio.timeout(SECONDS_MAX), opened(stage, shape, apis) as scene:
        await scene.crowd.look()
        for number in range(rounds):
            await stall(scene, number, seconds)
            await answered(scene, (number + 1) * apis)
        settled = await scene.settled()
        frozen = [death for death in scene.fleet.died() if death["point"] == "stalled"]
        refused = refusals(scene)
        stale = [entry["cid"] for entry in refused if entry["code"] in STALE]
        verdict = scene.verdict(
            3, f"{len(frozen)} processes stopped for {seconds} s, claimed order in hand"
        )
        verdict.exactly("stopped", len(frozen), rounds * apis)
        verdict.exactly("late orders", len(settled.books.late), 0)
        verdict.exactly("refused as stale", len(set(stale)), len(frozen))
        judge(verdict, settled)
        return [verdict]


async def stall(scene: Scene, number: int, seconds: float) -> None:
    """Every API process takes one order, and stops at the point where it would send it."""
    apis = [each for each in scene.fleet.ours("api") if isinstance(each, Api)]
    lives = {api.name: api.lives for api in apis}
    for api in apis:
        api.threats = ("--die-at=stalled", f"--note={scene.fleet.deaths}")
        scene.fleet.strike(api.name)
    await reborn(apis, lives)
    async with asyncio.TaskGroup() as group:
        for api, customer in zip(apis, scene.crowd.customers, strict=True):
            body = {**scene.crowd.resting_wish(), "bot_id": customer.bot_id}
            group.create_task(ask_once(scene, api, body, f"stall:{number}:{api.name}"))
        async with asyncio.timeout(STILL_SECONDS_MAX):
            for api in apis:
                await api.born.stopped.wait()
        await asyncio.sleep(seconds)
        for api in apis:
            api.born.stopped.clear()
            api.threats = ()
            scene.fleet.strike(api.name, SIGCONT)


def refusals(scene: Scene) -> list[Entry]:
    return [entry for entry in scene.fleet.journal() if entry["kind"] == "refused"]


async def answered(scene: Scene, count: int) -> None:
    """They go on where they stood: nobody is killed before what they had in hand was answered."""
    with suppress(TimeoutError):  # then the verdict says what is missing
        async with asyncio.timeout(ANSWERED_SECONDS_MAX):
            while len(refusals(scene)) < count:  # noqa: ASYNC110  # seen in a file
                await asyncio.sleep(0.1)


async def ask_once(scene: Scene, api: Api, body: Any, key: str) -> None:
    """What is answered does not matter here: the caller may be gone by then."""
    try:
        await scene.desk.ask("POST", "/api/orders", body, at=api.url, **{"Idempotency-Key": key})
    except (aiohttp.ClientError, TimeoutError):
        return


async def reborn(processes: Sequence[Hatched], lives: Mapping[str, int]) -> None:
    """Each lives another life than then, and answers."""

    async def back() -> bool:
        again = [each for each in processes if each.lives > lives[each.name]]
        return len(again) == len(processes) and all([await each.answers() for each in again])

    await until(back)
