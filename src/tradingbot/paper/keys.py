"""Registered API keys: their secrets and what they may do."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from tradingbot.paper.accounts import account_of


@dataclass(frozen=True, slots=True)
class PaperKey:
    """Without a registration everything is allowed but withdrawing, and no signature is checked."""

    secret: str | None = None
    reading: bool = True
    trading: bool = True
    withdrawals: bool = False
    ip_restricted: bool = False
    revoked: bool = False

    def __repr__(self) -> str:
        return f"PaperKey(trading={self.trading}, withdrawals={self.withdrawals})"


ANY_KEY = PaperKey()


class KeyRing:
    """Kept in a file of its own that only its owner may read, under the hashes of the keys."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, PaperKey] = {}
        self._accounts: dict[str, str] = {}  # hashing once per key, not once per request
        if path.exists():
            stored = orjson.loads(path.read_bytes())
            self._keys = {account: PaperKey(**key) for account, key in stored.items()}

    def account_of(self, api_key: str) -> str:
        known = self._accounts.get(api_key)
        if known is None:
            known = self._accounts[api_key] = account_of(api_key)
        return known

    def get(self, account: str) -> PaperKey:
        return self._keys.get(account, ANY_KEY)

    def register(self, account: str, key: PaperKey) -> None:
        self._keys[account] = key
        draft = self._path.with_suffix(".new")
        stored = orjson.dumps({account: asdict(known) for account, known in self._keys.items()})
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(stored)
        draft.replace(self._path)
