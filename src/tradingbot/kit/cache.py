"""Values worth keeping for a moment; any of them may be gone at any time."""

from typing import Protocol


class Cache(Protocol):
    async def get(self, key: str) -> str | None:
        """None when it is not there, and when nobody answers. Never raises for an outage."""
        ...

    async def put(self, key: str, value: str, seconds: int) -> None: ...

    async def drop(self, key: str) -> None:
        """Should nobody answer, it stays for the rest of its seconds."""
        ...


class NoCache:
    """Keeps nothing."""

    async def get(self, key: str) -> str | None:
        return None

    async def put(self, key: str, value: str, seconds: int) -> None:
        return None

    async def drop(self, key: str) -> None:
        return None
