"""How often an address may come, and how often an account may use each endpoint."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from tradingbot.paper.bybit_errors import Shut
from tradingbot.paper.limits import Window
from tradingbot.paper.options import PaperLimits

SECOND = 1_000
FIVE_SECONDS = 5_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """Of one endpoint for one account: what a second holds, what is left, when more comes."""

    limit: int
    left: int
    renewed: int  # ms
    exceeded: bool = False

    def headers(self) -> dict[str, str]:
        return {
            "X-Bapi-Limit": str(self.limit),
            "X-Bapi-Limit-Status": str(self.left),
            "X-Bapi-Limit-Reset-Timestamp": str(self.renewed),
        }


@dataclass(slots=True)
class Visitor:
    requests: Window = field(default_factory=lambda: Window(FIVE_SECONDS))
    shut_until: int = 0


class Limiter:
    def __init__(self, limits: PaperLimits) -> None:
        self.limits = limits
        self._visitors: dict[str, Visitor] = defaultdict(Visitor)
        self._uses: dict[tuple[str, str], deque[int]] = defaultdict(deque)

    def visit(self, address: str, now: int) -> None:
        """Raises Shut."""
        visitor = self._visitors[address]
        if now < visitor.shut_until:
            raise Shut
        if visitor.requests.add(now, 1) > self.limits.bybit_requests_per_5_seconds:
            visitor.shut_until = now + self.limits.bybit_ban_seconds * SECOND
            raise Shut

    def use(self, account: str, endpoint: str, limit: int, now: int) -> Allowance:
        """One more use within the last second, if there was room for it."""
        uses = self._uses[account, endpoint]
        while uses and not now - SECOND < uses[0] <= now:
            uses.popleft()
        if len(uses) >= limit:
            return Allowance(limit, 0, uses[0] + SECOND, exceeded=True)
        uses.append(now)
        return Allowance(limit, limit - len(uses), now)
