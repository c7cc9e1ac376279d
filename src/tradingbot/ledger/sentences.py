"""What is the matter with an account's money, in words."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tradingbot.trading.money import spoken


def drifted(taken: Mapping[str, Decimal]) -> str:
    """Of amounts that came in (above zero) or went out beside the bots' own trades."""
    came = _amounts({asset: amount for asset, amount in taken.items() if amount > 0})
    went = _amounts({asset: -amount for asset, amount in taken.items() if amount < 0})
    said = []
    if came:
        said.append(f"{came} came in from outside, free for any bot")
    if went:
        said.append(f"{went} less than the books say, taken from the free part")
    return "; ".join(said)


def short(missing: Mapping[str, Decimal], owners: Mapping[str, Sequence[str]]) -> str:
    """Of what bots own and the account does not have. `owners`: who owns of each coin, in words."""
    parts = [
        f"{_amounts({asset: amount})} are missing that belong to {', '.join(owners[asset])}"
        if owners[asset]
        else f"{_amounts({asset: amount})} are missing"
        for asset, amount in missing.items()
    ]
    return "; ".join([*parts, "orders may be refused until they are back"])


def _amounts(amounts: Mapping[str, Decimal]) -> str:
    return " and ".join(f"{spoken(amount)} {asset}" for asset, amount in amounts.items())
