"""The door to addresses that users give: none on a private network, unless the operator says so."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from tradingbot.kit.public_address import is_public
from tradingbot.notifications.errors import AddressRefused

RESOLVE_SECONDS_MAX = 5.0
# They speak to one host of their service: what stands there is a token.
FIXED = {"discord": "discord.com", "slack": "hooks.slack.com"}
# ntfy://topic is on the public server, ntfy://host/topic on somebody's own.
NTFY = {"ntfy": "ntfy.sh", "ntfys": "ntfy.sh"}


class WebGate:
    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private

    async def check(self, url: str) -> None:
        """Raise AddressRefused when it leads, or might lead, into a private network."""
        host = host_of(url)
        try:
            async with asyncio.timeout(RESOLVE_SECONDS_MAX):
                found = await asyncio.get_running_loop().getaddrinfo(
                    host, None, type=socket.SOCK_STREAM
                )
        except (OSError, UnicodeError):
            raise AddressRefused(f"{host}: there is no such host", field="webhook_url") from None
        self.only_public(host, [str(entry[4][0]) for entry in found])

    def only_public(self, host: str, addresses: Sequence[str]) -> None:
        """Raise AddressRefused unless all of them are; one is enough to lead astray."""
        if not self._allow_private and not all(map(is_public, addresses)):
            raise AddressRefused(
                f"{host} is on a private network; the operator can allow that "
                "with WEBHOOK_ALLOW_PRIVATE=true",
                field="webhook_url",
            )


class GatedResolver(AbstractResolver):
    """Names are looked up once, looked at, and connected to as they were seen."""

    def __init__(self, gate: WebGate) -> None:
        self._gate = gate

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family
        )
        self._gate.only_public(host, [str(entry[4][0]) for entry in found])
        return [_result(host, entry) for entry in found]

    async def close(self) -> None:
        return None


def host_of(url: str) -> str:
    """The host a request to it goes to; "" for none."""
    parts = urlsplit(url)
    if parts.scheme in FIXED:
        return FIXED[parts.scheme]
    if parts.scheme in NTFY and not parts.path.strip("/"):
        return NTFY[parts.scheme]
    return parts.hostname or ""


def _result(host: str, entry: Any) -> ResolveResult:
    family, _, proto, _, address = entry
    return ResolveResult(
        hostname=host,
        host=str(address[0]),
        port=int(address[1]),
        family=family,
        proto=proto,
        flags=socket.AI_NUMERICHOST,
    )
