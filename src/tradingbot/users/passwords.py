"""Passwords, kept as bcrypt hashes and compared slowly on purpose."""

import asyncio

import bcrypt

from tradingbot.users.schemas import PASSWORD_BYTES_MAX

COST = 12
AT_ONCE_MAX = 2
# Nobody's password: comparing with it takes as long as with anybody's of the usual cost.
NOBODY = b"$2b$12$0H.a3TXViVGW53N2C79k/OFzaGxtQGPJvb1j7GGTo2xAyRnVPg1Lu"


class Passwords:
    """Hashing occupies a core for a quarter of a second: in a thread, and few at once."""

    def __init__(self, cost: int = COST) -> None:
        self._cost = cost
        self._room = asyncio.Semaphore(AT_ONCE_MAX)

    async def hash(self, password: str) -> str:
        salt = bcrypt.gensalt(self._cost)
        async with self._room:
            hashed = await asyncio.to_thread(bcrypt.hashpw, password.encode(), salt)
        return hashed.decode()

    async def matches(self, password: str, hashed: str | None) -> bool:
        """False for a user who is not there (None), after the same time."""
        given = password.encode(errors="replace")
        fits = len(given) <= PASSWORD_BYTES_MAX
        known = NOBODY if hashed is None else hashed.encode()
        async with self._room:
            same = await asyncio.to_thread(bcrypt.checkpw, given[:PASSWORD_BYTES_MAX], known)
        return same and fits and hashed is not None
