"""What the whole demo takes of this machine's memory: every process of it, PostgreSQL included."""

import asyncio
from typing import Any

import psutil

from bench.report import Result, within
from bench.whole_system import sign_in_to_demo, system
from tests.system.running import until

MIB = 1024 * 1024
LIMIT = 1.2 * 1024
WARM_SECONDS = 15.0


async def measure(warm_seconds: float = WARM_SECONDS) -> list[Result]:
    """Once it trades, and a while later."""
    async with system("--demo") as demo:
        await sign_in_to_demo(demo)

        async def filled() -> Any:
            return (await demo.get("/api/orders?status=filled"))["items"]

        await until(filled, 60, "a filled order")
        await asyncio.sleep(warm_seconds)
        root = psutil.Process(demo.process.pid)
        family = [root, *root.children(recursive=True)]
        shares = [(_share(process), process) for process in family]
        named = {pid: name for name, pid in demo.runtime()["pids"].items()}
    biggest: dict[str, float] = {}
    for share, process in shares:
        name = named.get(process.pid, "up" if process == root else "postgres")
        biggest[name] = biggest.get(name, 0) + share
    parts = sorted(biggest.items(), key=lambda part: -part[1])
    note = ", ".join(f"{name} {share:.0f}" for name, share in parts)
    total = sum(share for share, _ in shares)
    return [within("demo_memory", total, "MiB", LIMIT, "≤ 1.2 GiB", note)]


def _share(process: psutil.Process) -> float:
    """MiB of its own, and its part of what it shares; all of it where the system cannot tell."""
    memory = process.memory_full_info()
    return float(getattr(memory, "pss", 0) or memory.rss) / MIB
