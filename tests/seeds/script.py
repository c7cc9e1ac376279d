"""What happens in one life: who lives in it, what they want, and what goes wrong meanwhile."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Literal

from tests.fakes import BTC_USDT
from tests.seeds.process import Process
from tests.seeds.shapes import Row
from tests.seeds.weather import CALM, drawn
from tests.seeds.whim import Whim
from tests.seeds.world import Life, World
from tradingbot.kit.errors import Fact
from tradingbot.kit.queue import Unprocessable
from tradingbot.ledger.moves import FREE, NOBODY
from tradingbot.orders.schemas import PlaceOrder
from tradingbot.trading.order import LIVE, Side

SYMBOL = BTC_USDT.symbol
BEGINS_AT = Decimal(60_000)
# Which processes there are: whether each is a bot worker, an order monitor, or both.
HOUSES: Sequence[Sequence[tuple[bool, bool]]] = (
    [(True, True)],
    [(True, True)],
    [(True, False), (False, True)],
    [(True, True), (True, True)],
    [(True, False), (True, False), (False, True), (False, True)],
)
TRIES = 3
KINDS: Sequence[Literal["limit", "market", "limit_maker"]] = (
    "limit",
    "limit",
    "market",
    "limit_maker",
)


def live(seed: int, *, trace: Callable[[str], None] | None = None, digest: bool = False) -> Life:
    """One seed, from beginning to end."""
    return World(seed, trace=trace).live(script, digest=digest)


async def script(world: World) -> None:
    chance = world.chance
    story = Story(world)
    for worker, monitor in chance.choice(HOUSES):
        story.begin(worker=worker, monitor=monitor)
    world.weather = drawn(chance)
    story.write(chance.uniform(2.0, 10.0))
    if await world.pass_(story.seconds):
        story.calm()
        await world.settle()


class Story:
    """Rows at the beginning, then what people, the market and misfortune do, each in its time."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = world.chance
        self.seconds = 0.0
        self.price = BEGINS_AT
        self.wild = self.chance.choice((0.001, 0.002, 0.004))
        self.user = world.store.put("users", email="ann@example.com", password_hash="-")
        accounts = [self._account(n) for n in range(self.chance.choice((1, 1, 2)))]
        self.bots = [
            self._bot(n, self.chance.choice(accounts))
            for n in range(self.chance.choice((1, 1, 2, 3)))
        ]

    def _account(self, number: int) -> Row:
        """With its books opened: all there is belongs to nobody yet."""
        account = self.world.store.put(
            "exchange_accounts",
            user_id=self.user["id"],
            exchange=self.world.venue.name,
            mode="paper",
            name=f"account {number}",
            api_key_encrypted="sealed",
            api_secret_encrypted="sealed",
            api_key_hint="hint",
            api_key_fingerprint=f"print {number}",
            reconciled_at=self.world.store.now(),
        )
        for asset, held in self.world.venue.fake.account(account["id"]).balances.items():
            self.world.store.put(
                "holdings",
                account_id=account["id"],
                bot_id=NOBODY,
                origin=FREE,
                asset=asset,
                amount=held.free + held.locked,
            )
        return account

    def _bot(self, number: int, account: Row) -> Row:
        strategy = self.chance.choice(("grid", Whim.name))
        return self.world.store.put(
            "bots",
            uid=f"uid-{number}",
            user_id=self.user["id"],
            account_id=account["id"],
            name=f"bot {number}",
            exchange=self.world.venue.name,
            strategy=strategy,
            symbol=SYMBOL,
            mode="paper",
            params=self._grid() if strategy == "grid" else self._whim(),
            wanted="running",
            status="starting",
            command="start",
            on_stop=self.chance.choice(("cancel", "keep", "sell")),
        )

    def _grid(self) -> dict[str, Any]:
        lines = self.chance.choice((2, 3, 4, 5))
        wide = (lines - 1) * self.chance.choice((90, 150, 300))
        return {
            "lower": str(BEGINS_AT - wide),
            "upper": str(BEGINS_AT + wide),
            "lines": lines,
            "investment": self.chance.choice(("300", "1000", "3000")),
        }

    def _whim(self) -> dict[str, Any]:
        return {"seed": self.chance.randrange(10**6), "orders": self.chance.randint(2, 8)}

    def begin(self, *, worker: bool, monitor: bool) -> Process:
        name = f"p{len(self.world.processes)}"
        return self.world.begin(name, worker=worker, monitor=monitor)

    # --- what is to happen

    def write(self, seconds: float) -> None:
        self.seconds = seconds
        self._plan(self.move, round(seconds * self.chance.choice((0.5, 1, 3))))
        self._plan(self.place, self.chance.choice((0, 0, 1, 3)))
        self._plan(self.cancel, self.chance.choice((0, 0, 1, 2)))
        self._plan(self.command, self.chance.choice((0, 0, 0, 1, 2)))
        self._plan(self.strike, self.chance.choice((0, 0, 1, 2, 4)))
        self._plan(self.world.venue.cut_streams, self.chance.choice((0, 0, 1, 2)))
        self._plan(self.restart_database, self.chance.choice((0, 0, 0, 1)))

    def _plan(self, does: Callable[[], None], times: int) -> None:
        for _ in range(times):
            self.world.venue.after(self.chance.random() * self.seconds, does)

    def calm(self) -> None:
        """Nothing goes wrong any more, and everybody is there again."""
        self.world.note("*", "calm")
        self.world.weather = CALM
        self.world.database_away = False
        for process in self.world.alive():
            process.doom = None
            process.go_on()

    def move(self) -> None:
        self.price = BTC_USDT.price(self.price * Decimal(1 + self.chance.gauss(0, self.wild)))
        part = Decimal(self.chance.randint(1, 60)) / 10_000
        quantity = self.chance.choice((None, None, part))
        self.world.note("market", f"{self.price} {quantity or ''}")
        self.world.venue.move(SYMBOL, self.price, quantity)

    # --- people

    def _somebody(self) -> Process | None:
        there = [p for p in self.world.alive() if not p.halted and p.parts is not None]
        return self.chance.choice(there) if there else None

    def place(self) -> None:
        side = self.chance.choice(tuple(Side))
        kind = self.chance.choice(KINDS)
        away = Decimal(self.chance.randint(-20, 60)) / 10_000
        price = BTC_USDT.price(self.price * (1 - away if side is Side.BUY else 1 + away))
        body = PlaceOrder(
            bot_id=self.chance.choice(self.bots)["id"],
            symbol=SYMBOL,
            side=side,
            type=kind,
            quantity=Decimal(self.chance.randint(1, 2_000)) / 1_000,
            price=None if kind == "market" else price,
        )
        key = self.chance.choice((None, f"key {self.chance.randrange(3)}"))
        self._ask(lambda process: self._placed(process, body, key))

    async def _placed(self, process: Process, body: PlaceOrder, key: str | None) -> None:
        """By hand; with a key of its own, the same again when no answer came."""
        for _ in range(TRIES if key else 1):
            try:
                assert process.parts is not None
                view = await process.parts.desk.place_manual(self.user["id"], body, key)
            except Fact as error:
                self.world.note(process.name, f"by hand: {error.code}")
            else:
                self.world.note(process.name, f"by hand: {view.id} {view.status}")
                return

    def cancel(self) -> None:
        live = [
            row["id"] for row in self.world.store.rows["orders"].values() if row["status"] in LIVE
        ]
        if live:
            order_id = self.chance.choice(live)
            self._ask(lambda process: self._cancelled(process, order_id))

    async def _cancelled(self, process: Process, order_id: int) -> None:
        try:
            assert process.parts is not None
            await process.parts.desk.cancel(self.user["id"], order_id)
        except Fact as error:
            self.world.note(process.name, f"cancel {order_id}: {error.code}")

    def command(self) -> None:
        item = {
            "bot_id": self.chance.choice(self.bots)["id"],
            "action": self.chance.choice(("start", "stop", "stop", "update")),
        }
        self._ask(lambda process: self._commanded(process, item))

    async def _commanded(self, process: Process, item: dict[str, Any]) -> None:
        try:
            assert process.parts is not None
            if process.parts.worker is not None:
                self.world.note(process.name, f"{item['action']} bot {item['bot_id']}")
                await process.parts.worker.handle(item)
        except (Fact, Unprocessable) as error:
            self.world.note(process.name, f"{item}: {error}")

    def _ask(self, does: Callable[[Process], Any]) -> None:
        process = self._somebody()
        if process is not None:
            process.spawn(does(process))

    # --- misfortune

    def strike(self) -> None:
        """Within its next moments a process is killed, stopped well, or stands still a while."""
        there = [p for p in self.world.alive() if not p.halted and p.doom is None]
        if not there:
            return
        process, how = self.chance.choice(there), self.chance.random()
        if how < 0.15:
            process.stopped.set()
            self._follow(process)
            return
        process.stands_still_for = self.chance.choice((1.0, 9.0, 20.0)) if how < 0.4 else None
        process.doom = self.chance.randint(1, 40)
        if process.stands_still_for is None:
            process.on_death = lambda: self._follow(process)

    def _follow(self, process: Process) -> None:
        """Another in its place, soon."""

        def begin() -> None:
            self.begin(worker=process.is_worker, monitor=process.is_monitor)

        self.world.venue.after(self.chance.uniform(0.1, 4.0), begin)

    def restart_database(self) -> None:
        """PostgreSQL is killed: what was not committed is gone, and for a while nobody answers."""
        self.world.note("database", "killed")
        self.world.database_away = True
        for process in self.world.processes:
            process.database.cut()
        self.world.venue.after(self.chance.uniform(0.1, 3.0), self._database_back)

    def _database_back(self) -> None:
        self.world.database_away = False
