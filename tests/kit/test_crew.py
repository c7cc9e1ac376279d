"""Work beside its caller is owned: whatever it does, it is over when its owner is."""

import asyncio
from contextlib import suppress

from tradingbot.kit.crew import Crew


async def test_what_is_in_hand_is_finished_and_what_never_ends_is_cancelled() -> None:
    done: list[str] = []

    async def finish() -> None:
        await asyncio.sleep(0.05)
        done.append("finished")

    async def go_on() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("cancelled")

    async with Crew(finish_seconds=0.3) as crew:
        crew.spawn(finish())
        crew.spawn(go_on())
    assert done == ["finished", "cancelled"]


async def test_who_swallows_his_cancelling_is_cancelled_again() -> None:
    swallowed: list[int] = []

    async def swallow() -> None:
        while len(swallowed) < 2:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
            swallowed.append(1)

    crew = Crew(finish_seconds=0)
    task = crew.spawn(swallow())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await crew.close()
    assert task.done()
