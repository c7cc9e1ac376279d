"""A Python that has imported nothing yet."""

import asyncio
import sys


async def run(program: str) -> None:
    """Raise AssertionError when it fails or warns."""
    python = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", program, stderr=asyncio.subprocess.PIPE
    )
    _, said = await python.communicate()
    assert (python.returncode, said.decode()) == (0, "")
