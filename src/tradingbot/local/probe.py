"""Questions to a server on this machine: does it answer, and what."""

import asyncio
from urllib.parse import urlsplit

ANSWER_SECONDS_MAX = 2.0


async def says_ok(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    parts = urlsplit(url)
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    return b" 200 " in (await ask(parts.port or 80, request, lines=1))[0]


async def ask(port: int, request: str, lines: int) -> list[bytes]:
    """The first lines of the answer; empty ones when nobody answers."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request.encode())
                return [await reader.readline() for _ in range(lines)]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return [b""] * lines
