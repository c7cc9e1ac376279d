"""What must hold, whatever goes wrong: asked of the exchange's own record, not of ours."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache

from tests.fake_account import HeldOrder
from tests.seeds.books import beliefs
from tests.seeds.exchange import Venue
from tests.seeds.shapes import Row
from tests.seeds.store import Store
from tradingbot.bots import codec
from tradingbot.exchanges.ports import Balance, OrderRequest
from tradingbot.trading.event import OrderCancelled, OrderFilled, OrderRefused
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import ON_BOOK, TERMINAL, OrderStatus, may_move

S = OrderStatus
RESTING = ("stopped", "error")
ABSENT = frozenset({S.REJECTED, S.NOT_PLACED})


class Invariants:
    """Watches each order that is sent and each row that is committed; `broken` hears of it."""

    def __init__(self, store: Store, venue: Venue, broken: Callable[[str], None]) -> None:
        self._store = store
        self._venue = venue
        self._broken = broken
        self.posts: Counter[str] = Counter()
        self.messages: list[str] = []
        self._orders: dict[tuple[int, str], Row] = {}
        store.committed = self.committed
        venue.accepted = self.accepted

    # --- while it goes on

    def posting(self, process: str, account_id: int, request: OrderRequest) -> None:
        """An order is about to leave a process."""
        client_id = request.client_order_id
        self.posts[client_id] += 1
        if self.posts[client_id] > 1:
            self._broken(f"I1: {client_id} is sent again, by {process}")
        row = self._row(account_id, client_id)
        if row is None or row["status"] == S.PLANNED:
            self._broken(f"I2: {client_id} is sent by {process} before its claim is committed")
        elif row["sign_timestamp_ms"] != request.sign_timestamp_ms:
            self._broken(f"I2: {client_id} is signed with another time than was committed")

    def accepted(self, account_id: int, request: OrderRequest) -> None:
        """The exchange has just taken an order in."""
        row = self._row(account_id, request.client_order_id)
        if row is not None and row["status"] in ABSENT:
            self._broken(f"the exchange took {_named(row)}, which we hold for {row['status']}")

    def committed(self, table: str, before: Row | None, after: Row | None, who: str) -> None:
        if table == "orders" and after is not None:
            self._orders[after["account_id"], after["client_order_id"]] = after
            self._order(before, after)
        elif table == "outbox" and after is not None:
            self.messages.append(after["body"])
        elif table == "quarantine" and after is not None:
            self._broken(f"the exchange is not believed: {after['why']}")
        elif table == "bots" and after is not None:
            self._bot(before, after, who)

    def _bot(self, before: Row | None, bot: Row, who: str) -> None:
        if bot["status_reason"].startswith("the strategy failed"):
            self._broken(f"bot {bot['id']}: {bot['status_reason']}")
        stepped = before is not None and before["steps_taken"] != bot["steps_taken"]
        if before is not None and stepped and before["worker_id"] != who:
            self._broken(f"bot {bot['id']} is stepped by {who}; it is {before['worker_id']}'s")

    def _order(self, before: Row | None, row: Row) -> None:
        if before is not None:
            was, now = S(before["status"]), S(row["status"])
            if not may_move(was, now) or (was in TERMINAL and was is not now):
                self._broken(f"I5: {_named(row)} went from {was} to {now}")
            if row["filled_quantity"] < before["filled_quantity"]:
                self._broken(f"I3: {_named(row)} was filled and is less so now")
        filled = sum((fill["quantity"] for fill in self._fills(row)), ZERO)
        if filled != row["filled_quantity"] or filled > row["quantity"]:
            self._broken(
                f"I3: {_named(row)} counts {row['filled_quantity']} of {row['quantity']}, "
                f"its fills {filled}"
            )
        if row["status"] in TERMINAL and (before is None or before["status"] not in TERMINAL):
            self._ended(row)

    def _ended(self, row: Row) -> None:
        held = self.held(row)
        if held is None:
            if row["status"] in (S.FILLED, S.EXPIRED) or row["filled_quantity"]:
                self._broken(f"I4: {_named(row)} ended {row['status']}, and was never there")
            elif row["status"] == S.CANCELLED and self.posts[row["client_order_id"]]:
                self._broken(f"I4: {_named(row)} was sent, and is dropped")
        elif row["status"] in ABSENT and row["status"] != held.status:
            self._broken(f"{_named(row)} is said to be {row['status']}, and the exchange has it")
        elif held.status not in TERMINAL or held.quantity != row["filled_quantity"]:
            self._broken(
                f"I4: {_named(row)} ended {row['status']} with {row['filled_quantity']}; "
                f"on the exchange it is {held.status} with {held.quantity}"
            )

    # --- once it is quiet

    def unsettled(self) -> Iterator[str]:
        """What is not yet, or not at all, as it should be at the end."""
        for row in self._store.rows["orders"].values():
            yield from self._order_at_the_end(row)
        for account in self._store.rows["exchange_accounts"].values():
            yield from self._account_at_the_end(account["id"])
        for bot in self._store.rows["bots"].values():
            yield from self._bot_at_the_end(bot)

    def _order_at_the_end(self, row: Row) -> Iterator[str]:
        status = S(row["status"])
        if status not in TERMINAL and status not in ON_BOOK:
            yield f"{_named(row)} is still {status}"
        elif status in ON_BOOK and row["cancel_requested_at"] is not None:
            yield f"{_named(row)} should be cancelled and is {status}"
        held = self.held(row)
        if held is None:
            if status not in ABSENT and not (status is S.CANCELLED and not self._posted(row)):
                yield f"{_named(row)} is {status}, and the exchange has never had it"
        elif (held.status, held.quantity, held.id) != (
            status,
            row["filled_quantity"],
            row["exchange_order_id"],
        ):
            yield (
                f"{_named(row)} is {status} with {row['filled_quantity']}; "
                f"on the exchange it is {held.status} with {held.quantity}"
            )

    def _account_at_the_end(self, account_id: int) -> Iterator[str]:
        """Every order and fill of the exchange is here, once; and none besides."""
        held = self._venue.fake.account(account_id).orders
        accepted = Counter(order.request.client_order_id for order in held)
        for client_id, times in accepted.items():
            row = self._row(account_id, client_id)
            if times > 1 or row is None:
                yield f"{client_id} was accepted {times} times; we have {row and _named(row)}"
        theirs = sorted(
            (trade.trade_id, trade.quantity, trade.price, trade.fee, trade.fee_currency)
            for order in held
            for trade in order.trades
        )
        ours = sorted(
            (f["exchange_trade_id"], f["quantity"], f["price"], f["fee"], f["fee_currency"])
            for f in self._store.rows["fills"].values()
            if f["account_id"] == account_id
        )
        if theirs != ours:
            yield f"{len(theirs)} fills there, {len(ours)} here"
        yield from self._money_at_the_end(account_id)

    def _money_at_the_end(self, account_id: int) -> Iterator[str]:
        """All that is owned of a coin is what the exchange has of it."""
        owned: Counter[str] = Counter()
        for pocket in self._store.rows["holdings"].values():
            if pocket["account_id"] == account_id:
                owned[pocket["asset"]] += pocket["amount"]
                yield from self._pocket(pocket)
        there = self._venue.fake.account(account_id).balances
        for asset in sorted({*owned, *there}):
            held = there.get(asset, Balance(ZERO, ZERO))
            if owned[asset] != held.free + held.locked:
                yield f"{owned[asset]} {asset} are owned; there are {held.free + held.locked}"

    def _pocket(self, pocket: Row) -> Iterator[str]:
        """None is overdrawn, but by market orders that cost more than they were reckoned at."""
        beyond = sum((self._beyond_estimate(pocket, row) for row in self._orders.values()), ZERO)
        if pocket["amount"] < -beyond:
            yield (
                f"{pocket['origin']} pocket of bot {pocket['bot_id']} "
                f"has {pocket['amount']} {pocket['asset']}"
            )

    def _beyond_estimate(self, pocket: Row, order: Row) -> Decimal:
        paid_from = (order["bot_id"], order["origin"], order["symbol"].partition("/")[2])
        mine = paid_from == (pocket["bot_id"], pocket["origin"], pocket["asset"])
        if not mine or order["side"] != "buy" or order["estimate"] is None:
            return ZERO
        beyond: Decimal = order["filled_cost"] - order["filled_quantity"] * order["estimate"]
        return max(beyond, ZERO)

    def _bot_at_the_end(self, bot: Row) -> Iterator[str]:
        if bot["command"] is not None:
            yield f"bot {bot['id']} was not told to {bot['command']}"
        if bot["status"] not in ("running", *RESTING):
            yield f"bot {bot['id']} is {bot['status']}"
        inbox = [
            row for row in self._store.rows["bot_inbox"].values() if row["bot_id"] == bot["id"]
        ]
        if inbox and bot["status"] not in RESTING:
            yield f"{len(inbox)} events wait for bot {bot['id']}"
        steps = self._steps(bot["id"])
        told = Counter(key for event, _ in steps if (key := _ending(event)) is not None)
        told.update(key for row in inbox if (key := _ending(row["event"])) is not None)
        for row in self._store.rows["orders"].values():
            if row["bot_id"] != bot["id"] or row["origin"] != "bot":
                continue
            times = told[row["slot"], row["round"]]
            if times != (row["status"] in TERMINAL):
                yield f"{_named(row)} is {row['status']}; its bot was told {times} times"
        if not inbox:
            yield from self._books(bot)

    def _books(self, bot: Row) -> Iterator[str]:
        """What the bot believes to own and to have out is what its orders came to."""
        brought, out = ZERO, set()
        for row in self._store.rows["orders"].values():
            if row["bot_id"] != bot["id"] or row["origin"] != "bot":
                continue
            if row["status"] in TERMINAL:
                brought += self._brought(row)
            else:
                out.add((row["slot"], row["round"]))
        books = beliefs(bot)
        if books.holding != brought:
            yield f"bot {bot['id']} believes to hold {books.holding}, and holds {brought}"
        if books.out != out:
            yield f"bot {bot['id']} believes to have out {sorted(books.out)}, and has {sorted(out)}"

    def _brought(self, row: Row) -> Decimal:
        base = row["symbol"].partition("/")[0]
        fees = sum((f["fee"] for f in self._fills(row) if f["fee_currency"] == base), ZERO)
        sign = 1 if row["side"] == "buy" else -1
        return Decimal(sign * row["filled_quantity"] - fees)

    # --- looking up

    def held(self, row: Row) -> HeldOrder | None:
        """The order as the exchange has it."""
        for order in self._venue.fake.account(row["account_id"]).orders:
            if order.request.client_order_id == row["client_order_id"]:
                return order
        return None

    def _posted(self, row: Row) -> bool:
        return self.posts[row["client_order_id"]] > 0

    def _row(self, account_id: int, client_id: str) -> Row | None:
        """The order's row as it is committed."""
        return self._orders.get((account_id, client_id))

    def _fills(self, order: Row) -> Iterator[Row]:
        return (f for f in self._store.rows["fills"].values() if f["order_id"] == order["id"])

    def _steps(self, bot_id: int) -> list[tuple[str, str]]:
        rows = self._store.rows["bot_steps"].values()
        return [(row["event"], row["intents"]) for row in rows if row["bot_id"] == bot_id]


def _named(row: Row) -> str:
    return f"order {row['id']} ({row['slot']} {row['round']}, {row['client_order_id']})"


@lru_cache(maxsize=4096)
def _ending(event: str) -> tuple[str, int] | None:
    known = codec.load_event(event)
    if isinstance(known, OrderFilled | OrderCancelled | OrderRefused):
        return known.slot, known.round
    return None
