"""What can go wrong with a bot, by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from tradingbot.kit.errors import Conflict, Fact, Invalid, NotFound


class BotNotFound(NotFound):
    code = "bot_not_found"


class BotRuns(Conflict):
    """It must be stopped first."""

    code = "bot_running"


class BotStops(Conflict):
    """It is on its way to a stop: wait for that."""

    code = "bot_stopping"


class BotHasOrders(Conflict):
    """Orders of it may still trade."""

    code = "bot_has_live_orders"


class StrategyUnknown(Invalid):
    code = "strategy_unknown"


class StrategyNotFound(NotFound):
    code = "strategy_not_found"


class AccountMismatch(Invalid):
    """The account is on another exchange, or of another mode, than the bot asks for."""

    code = "account_mismatch"


@dataclass(frozen=True, slots=True)
class FieldRefused:
    """`field` as a path in the body: `params.lines`."""

    field: str
    code: str
    message: str


class ParamsRefused(Fact):
    """These parameters cannot work; each refusal says why, and what would."""

    code = "params_refused"
    status = 422

    def __init__(self, refusals: Sequence[FieldRefused]) -> None:
        first = refusals[0]
        super().__init__(f"{first.field}: {first.message}", field=first.field)
        self.refusals = tuple(refusals)


class FundsLacking(Fact):
    """The account has not as much that belongs to no bot as the bot needs to start."""

    code = "insufficient_funds"
    status = 422

    def __init__(self, message: str, *, field: str, account_id: int) -> None:
        super().__init__(message, field=field)
        self.account_id = account_id
