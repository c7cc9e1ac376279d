"""The one source of new identifiers and of chance."""

import base64
import hashlib
import secrets
import uuid

LEGIBLE = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_uid() -> str:
    """32 hex digits, never given twice."""
    return uuid.uuid4().hex


def new_token(length: int = 32) -> str:
    """A secret nobody can guess, safe in URLs and headers."""
    return secrets.token_urlsafe(length)


def new_code(length: int = 8) -> str:
    """A secret a person can type: no letter that looks like another."""
    return "".join(secrets.choice(LEGIBLE) for _ in range(length))


def name_of(*parts: object) -> str:
    """26 letters and digits that stand for exactly these parts: the same again for the same."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return base64.b32encode(digest[:16]).decode().rstrip("=").lower()


def jitter(spread: float) -> float:
    """Anything from 0 to `spread`, so that many who wait do not come back at once."""
    return secrets.SystemRandom().uniform(0, spread)
