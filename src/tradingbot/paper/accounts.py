"""Paper balances and keys."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tradingbot.paper.orders import ZERO, Fill, PaperOrder


class InsufficientFunds(Exception):  # noqa: N818  # errors are named after what is the case
    """The account has less free than the order needs."""


def account_of(api_key: str) -> str:
    """The name of a key's account: its SHA-256, so that no file or answer holds the key."""
    return hashlib.sha256(api_key.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(slots=True)
class Balance:
    free: Decimal = ZERO
    locked: Decimal = ZERO


@dataclass(slots=True)
class Account:
    id: str
    balances: dict[str, Balance] = field(default_factory=dict)
    orders: dict[str, dict[int, PaperOrder]] = field(default_factory=lambda: defaultdict(dict))
    open: dict[str, dict[int, PaperOrder]] = field(default_factory=lambda: defaultdict(dict))
    by_cid: dict[str, PaperOrder] = field(default_factory=dict)  # the latest with that id
    fills: dict[str, list[tuple[PaperOrder, Fill]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    updated: int = 0  # ms
    fee_coin: str | None = None  # pays its fees; "" is none, None the exchange's own choice

    def balance(self, asset: str) -> Balance:
        return self.balances.setdefault(asset, Balance())

    def grant(self, balances: Mapping[str, Decimal]) -> None:
        for asset, free in balances.items():
            self.balance(asset).free = free

    def lock(self, asset: str, amount: Decimal) -> None:
        balance = self.balance(asset)
        if balance.free < amount:
            raise InsufficientFunds(asset)
        balance.free -= amount
        balance.locked += amount

    def unlock(self, asset: str, amount: Decimal) -> None:
        balance = self.balance(asset)
        balance.locked -= amount
        balance.free += amount
        assert balance.locked >= 0

    def spend(self, asset: str, amount: Decimal) -> None:
        """Pay out of what an order has locked."""
        balance = self.balance(asset)
        balance.locked -= amount
        assert balance.locked >= 0

    def receive(self, asset: str, amount: Decimal) -> None:
        self.balance(asset).free += amount

    def pay(self, asset: str, amount: Decimal) -> None:
        """Out of what no order holds."""
        balance = self.balance(asset)
        balance.free -= amount
        assert balance.free >= 0

    def state(self, *assets: str) -> dict[str, list[Decimal]]:
        """Asset → [free, locked], as the journal writes it."""
        return {asset: [(b := self.balance(asset)).free, b.locked] for asset in assets}
