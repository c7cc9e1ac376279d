"""What became of an order nobody answered for."""

from datetime import timedelta

from tradingbot.kit.clock import Clock, milliseconds
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.orders import repository
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.sessions import Sessions
from tradingbot.trading.order import OrderStatus

# An exchange gives a request it let in up to 10 s in its engine; 5 s more for its read replicas.
ENGINE_SECONDS = 10
LAG_SECONDS = 5
MISSES_MIN = 3

log = logger(__name__)


class Resolver:
    """Looks up by client order id, until found or provably never placed. Sends nothing, ever."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        applier: Applier,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._applier = applier
        self._clock = clock

    async def resolve(self, order: Order) -> None:
        """One look. Raises ExchangeUnreachable: then nothing was learnt."""
        assert order.status is OrderStatus.SENDING
        past_fence = await self._past_fence(order)
        if await self._executor.look_up(order) is not None:
            return
        async with self._database.begin() as connection:
            missed = await repository.count_miss(connection, order.id)
        if past_fence and missed >= MISSES_MIN and not await self._rests(order):
            await self._applier.prove_absent(order.id)
            log.warning("order_not_placed", order_id=order.id, lookups=missed)

    async def _past_fence(self, order: Order) -> bool:
        """Whether the exchange, by its own clock, can no longer accept what was signed then."""
        assert order.sign_timestamp_ms is not None
        assert order.recv_window_ms is not None
        market = await self._sessions.market_data(order.account_id)
        server_ms = milliseconds(self._clock.now()) + await market.clock_offset_ms()
        margin = timedelta(seconds=ENGINE_SECONDS + LAG_SECONDS)
        last = order.sign_timestamp_ms + order.recv_window_ms + margin.total_seconds() * 1000
        return server_ms > last

    async def _rests(self, order: Order) -> bool:
        """A second opinion from another source: the open orders."""
        session = await self._sessions.of(order.account_id)
        for report in await session.open_orders(order.symbol):
            if report.client_order_id == order.client_order_id:
                await self._executor.take_in(order.account_id, report)
                return True
        return False
