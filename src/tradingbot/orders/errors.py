"""What can go wrong with an order, by name."""

from tradingbot.kit.errors import Conflict, Fact, NotFound
from tradingbot.orders.schemas import OrderView


class OrderNotFound(NotFound):
    code = "order_not_found"


class BotNotFound(NotFound):
    code = "bot_not_found"


class OrderEnded(Conflict):
    """Nothing is left of it to cancel."""

    code = "order_ended"


class KeyReused(Conflict):
    """The same Idempotency-Key with another body."""

    code = "idempotency_key_reused"


class AccountHeld(Conflict):
    """Something on the account is not as our books have it: nothing new is sent there."""

    code = "account_held"

    def __init__(self, account_id: int, reason: str) -> None:
        super().__init__(
            f"trading on account {account_id} is held: {reason}. Look at "
            f"/api/accounts/{account_id}/quarantine, then POST /api/accounts/{account_id}/release"
        )


class OrderRejected(Fact):
    """A definite no, from our own checks (then `order` is None) or from the exchange."""

    status = 422

    def __init__(
        self, code: str, message: str, order: OrderView | None, *, field: str | None = None
    ) -> None:
        super().__init__(message, field=field)
        self.rejection = code
        self.order = order


class FundsShort(Fact):
    """The bot may not use as much as the order needs."""

    code = "insufficient_funds"
    status = 422
