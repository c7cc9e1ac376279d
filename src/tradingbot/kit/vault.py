"""Secrets at rest: sealed with a key made from SECRET_KEY, opened where a request is signed."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tradingbot.kit.errors import Fact


class CannotOpen(Fact):
    """Sealed with a key we no longer have, or damaged."""

    code = "cannot_open"
    status = 500


class Vault:
    """Seals with the newest key, opens with any of them. Never shows one.

    Each purpose has a key of its own (HKDF-SHA256, RFC 5869): none can be had from another.
    """

    def __init__(self, secret_key: str, old: Sequence[str] = ()) -> None:
        keys = (secret_key, *old)
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in keys])
        self._fingerprint_keys = [_derive(key, "fingerprint") for key in keys]
        self._signing_key = _derive(secret_key, "signing")

    def __repr__(self) -> str:
        return "Vault(***)"

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raise CannotOpen when none of the keys fits."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except (InvalidToken, ValueError):
            raise CannotOpen("a stored secret does not open with SECRET_KEY") from None

    def reseal(self, sealed: str) -> str:
        """The same text under the newest key. Raise CannotOpen when none of the keys fits."""
        return self.seal(self.open(sealed))

    def fingerprint(self, text: str) -> str:
        """64 hex digits: the same for the same text, while SECRET_KEY stays; leads back to none."""
        return self.fingerprints(text)[0]

    def fingerprints(self, text: str) -> list[str]:
        """Its fingerprint under each key, the newest first: finds what an old key marked."""
        return [
            hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
            for key in self._fingerprint_keys
        ]

    def signing_key(self) -> bytes:
        """32 bytes for signing access tokens."""
        return self._signing_key


def _derive(secret_key: str, purpose: str) -> bytes:
    info = f"tradingbot {purpose} 1".encode()
    return HKDF(SHA256(), length=32, salt=None, info=info).derive(secret_key.encode())


def _fernet_key(secret_key: str) -> bytes:
    return base64.urlsafe_b64encode(_derive(secret_key, "sealing"))
