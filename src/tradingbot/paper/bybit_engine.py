"""From an acknowledgement to the market: a few milliseconds, in the order of arrival."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic

from tradingbot.paper.accounts import Account
from tradingbot.paper.orders import OrderRequest, PaperOrder
from tradingbot.paper.refusals import Refused
from tradingbot.paper.venue import Update, Venue

CLOSED_KEPT = 500  # per account


class Engine:
    """`closed` is what real-time queries still know of the past; a restart empties it.

    Nothing passes while `gate` is not set: the seam for a market that takes its time.
    """

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.started = venue.now()
        self.closed: dict[str, dict[int, PaperOrder]] = defaultdict(dict)  # by account and id
        self.gate = asyncio.Event()
        self.gate.set()
        self._belt: asyncio.Queue[tuple[float, Callable[[], None]]] = asyncio.Queue()
        venue.on_update.append(self._remember)
        for order in venue.waiting:
            self._send(partial(venue.work, order))

    def create(self, account: Account, asked: OrderRequest) -> PaperOrder:
        """Raises Refused."""
        order = self.venue.acknowledge(account, asked)
        self._send(partial(self.venue.work, order))
        return order

    def cancel(self, order: PaperOrder) -> None:
        self._send(partial(self.venue.cancel, order))

    def amend(self, order: PaperOrder, change: Callable[[OrderRequest], OrderRequest]) -> None:
        """`change` is applied to what the order asks for when its turn comes."""
        self._send(lambda: self.venue.amend(order, change(order.asked)))

    async def run(self) -> None:
        while True:
            due, act = await self._belt.get()
            await asyncio.sleep(max(0.0, due - monotonic()))
            await self.gate.wait()
            # Filled or cancelled meanwhile: nobody is told, the acknowledgement was no promise.
            with suppress(Refused):
                act()
            self.venue.flush()

    def _send(self, act: Callable[[], None]) -> None:
        self._belt.put_nowait((monotonic() + self.venue.options.bybit_engine_seconds, act))

    def _remember(self, update: Update) -> None:
        if update.order.open:
            return
        closed = self.closed[update.order.account]
        closed[update.order.id] = update.order
        if len(closed) > CLOSED_KEPT:
            del closed[next(iter(closed))]
