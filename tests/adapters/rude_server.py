"""An HTTP server that misbehaves as told, and remembers every byte it was sent."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum


class Manner(StrEnum):
    """What is done instead of an answer."""

    RESET = "reset"  # the connection is torn down once the request was read
    HANG = "hang"  # nothing, for as long as the client waits


@dataclass
class RudeServer:
    """`answers` are raw bytes, given in order, the last one for ever after.

    `always`: what a request whose first line holds this is answered, whenever it comes.
    """

    answers: list[bytes | Manner]
    always: Mapping[bytes, bytes] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.requests.append(await _request(reader))
                answer = self._next(self.requests[-1].partition(b"\r\n")[0])
                if answer is Manner.HANG:
                    await reader.read()
                    return
                if answer is Manner.RESET:
                    writer.transport.abort()
                    return
                assert isinstance(answer, bytes)
                writer.write(answer)
                await writer.drain()
                if b"\r\nConnection: close\r\n" in answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _next(self, line: bytes) -> bytes | Manner:
        for part, answer in self.always.items():
            if part in line:
                return answer
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def bodies(self) -> list[str]:
        return [request.partition(b"\r\n\r\n")[2].decode() for request in self.requests]


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return head + await reader.readexactly(length)


def answer(
    status: int, body: str, *, kind: str = "application/json", cut: int = 0, **headers: str
) -> bytes:
    """`cut`: the connection closes that many bytes before the body's announced end."""
    sent = body.encode()
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {kind}",
        f"Content-Length: {len(sent) + cut}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        *(["Connection: close"] if cut else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + sent


@asynccontextmanager
async def rude_server(
    *answers: bytes | Manner, always: Mapping[bytes, bytes] | None = None
) -> AsyncIterator[RudeServer]:
    rude = RudeServer(list(answers), always or {})
    server = await asyncio.start_server(rude.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    rude.url = f"http://127.0.0.1:{port}"
    try:
        yield rude
    finally:
        server.close()
