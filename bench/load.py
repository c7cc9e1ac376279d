"""A client that asks for one thing over many connections, as fast as it is answered."""

import asyncio
from time import perf_counter
from urllib.parse import urlsplit

import uvloop


def requests_per_second(url: str, token: str, connections: int, seconds: float) -> float:
    """To be called in a process of its own, for it takes a core. Anything but 200 is an error."""
    return uvloop.run(_load(url, token, connections, seconds))


async def _load(url: str, token: str, connections: int, seconds: float) -> float:
    begun = perf_counter()
    end = begun + seconds
    counts = await asyncio.gather(*(_ask(url, token, end) for _ in range(connections)))
    return sum(counts) / (perf_counter() - begun)


async def _ask(url: str, token: str, end: float) -> int:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    lines = (
        f"GET {parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        f"Authorization: Bearer {token}",
    )
    request = "".join(f"{line}\r\n" for line in (*lines, "")).encode()
    count = 0
    try:
        while perf_counter() < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            await reader.readexactly(_length(head))
            count += 1
    finally:
        writer.close()
    return count


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0])
