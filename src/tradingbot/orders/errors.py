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


class OrderRejected(Fact):
    """A definite no, from our own checks (then `order` is None) or from the exchange."""

    status = 422

    def __init__(
        self, code: str, message: str, order: OrderView | None, *, field: str | None = None
    ) -> None:
        super().__init__(message, field=field)
        self.rejection = code
        self.order = order
