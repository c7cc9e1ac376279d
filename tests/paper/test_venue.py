"""Whatever is asked of it, the venue's books balance."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradingbot.kit.clock import SystemClock
from tradingbot.paper import journal
from tradingbot.paper.options import OptionRefused, PaperLimits, PaperOptions
from tradingbot.paper.orders import ZERO, Lasting, OrderRequest, PaperOrder, Trigger
from tradingbot.paper.refusals import Refused
from tradingbot.paper.server import open_venue
from tradingbot.paper.venue import Venue
from tradingbot.trading.order import Side

S = "BTC/USDT"
START = {"USDT": Decimal(50_000), "BTC": Decimal(2)}
OWNERS = ("ann", "bob", "cid")


@contextmanager
def venue(directory: Path) -> Iterator[Venue]:
    limits = PaperLimits(open_orders_per_market=1_000)
    options = PaperOptions(data_dir=directory, balances=START, limits=limits)
    opened, _ = open_venue(options, SystemClock())
    try:
        yield opened
    finally:
        opened.journal.close()


def price(offset: int) -> Decimal:
    return Decimal(60_000) + offset


PRICES = st.integers(-60, 60).map(price)
QUANTITIES = st.integers(1, 40_000).map(lambda lots: lots * Decimal("0.00001"))


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    kind = draw(st.sampled_from(["limit", "limit", "limit", "market", "budget", "stop", "maker"]))
    limit = draw(PRICES) if kind in ("limit", "maker") or draw(st.booleans()) else None
    if kind in ("market", "budget"):
        limit = None
    trigger = Trigger(draw(PRICES), draw(st.booleans())) if kind == "stop" else None
    return OrderRequest(
        cid=str(draw(st.integers())),
        symbol=S,
        side=draw(st.sampled_from(Side)),
        quantity=None if kind == "budget" else draw(QUANTITIES),
        budget=Decimal(draw(st.integers(5, 30_000))) if kind == "budget" else None,
        price=limit,
        lasting=draw(st.sampled_from(Lasting)) if limit and kind == "limit" else Lasting.GTC,
        post_only=kind == "maker",
        trigger=trigger,
    )


ORDERS = st.tuples(st.sampled_from(OWNERS), requests())
PRINTS = st.tuples(PRICES, QUANTITIES)
CANCELS = st.integers(0, 30)
STEPS = st.lists(st.one_of(ORDERS, ORDERS, PRINTS, CANCELS), max_size=40)


Step: TypeAlias = tuple[str, OrderRequest] | tuple[Decimal, Decimal] | int


def act(market: Venue, step: Step) -> None:
    if isinstance(step, int):
        order = market.ledger.orders.get(step)
        if order is not None and order.open:
            market.cancel(order)
        return
    first, second = step
    if isinstance(second, OrderRequest):
        with suppress(Refused):
            market.place(market.account(str(first)), second)
    else:
        market.print(S, Decimal(first), second, market.now(), buyer_is_maker=True)


def held(order: PaperOrder) -> Decimal:
    """What an open order has to have locked, worked out from nothing but itself."""
    if order.asked.side is Side.SELL:
        return order.remaining
    limit = order.asked.price or (order.asked.trigger.price if order.asked.trigger else ZERO)
    return limit * order.remaining


def check(market: Venue) -> None:
    for account in market.ledger.accounts.values():
        assert all(b.free >= 0 and b.locked >= 0 for b in account.balances.values())
        locked = {"USDT": ZERO, "BTC": ZERO}
        for order in account.open[S].values():
            locked[market.ledger.payment(order)] += held(order)
        assert {asset: account.balance(asset).locked for asset in locked} == locked
    trades = [
        (order, fill)
        for account in market.ledger.accounts.values()
        for order, fill in account.fills[S]
    ]
    base = sum((f.quantity * (1 if o.asked.side is Side.BUY else -1) for o, f in trades), ZERO)
    quote = sum(
        (f.price * f.quantity * (-1 if o.asked.side is Side.BUY else 1) for o, f in trades), ZERO
    )
    # Users hold what they began with and what the surrounding market gave, less what was kept.
    count = len(market.ledger.accounts)
    for asset, gained in (("BTC", base), ("USDT", quote)):
        there = sum(
            (a.balance(asset).free + a.balance(asset).locked)
            for a in market.ledger.accounts.values()
        )
        assert there + market.ledger.fees[asset] == START[asset] * count + gained


def told(market: Venue) -> dict[str, object]:
    return {
        "accounts": {
            name: (
                {asset: (b.free, b.locked) for asset, b in account.balances.items()},
                {number: order.status for number, order in account.orders[S].items()},
                [(order.id, fill) for order, fill in account.fills[S]],
            )
            for name, account in market.ledger.accounts.items()
        },
        "queue": [
            [(level, order.order_id, order.remaining) for order in side.at(level)]
            for side in market.halls[S].book._sides.values()
            for level in side.prices()
        ],
        "asleep": (market.halls[S]._rising, market.halls[S]._falling),
        "last_id": market.ledger.last_order_id,
        "seq": market.journal.seq,
        "fees": dict(market.ledger.fees),
    }


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_nothing_is_made_or_lost_and_nobody_is_in_debt(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory, venue(Path(directory)) as market:
        for step in steps:
            act(market, step)
            check(market)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_journal_alone_brings_everything_back(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        with venue(Path(directory)) as market:
            for step in steps:
                act(market, step)
            before = told(market)
        with venue(Path(directory)) as again:
            assert told(again) == before


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_journal_adds_up_to_the_balances(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory, venue(Path(directory)) as market:
        for step in steps:
            act(market, step)
        market.flush()
        entries = list(journal.read(market.journal.path))
        for name, account in market.ledger.accounts.items():
            sums = journal.totals(entries, name, S)
            base = sums.bought - sums.sold - sums.fees["BTC"]
            quote = sums.earned - sums.spent - sums.fees["USDT"]
            for asset, change in (("BTC", base), ("USDT", quote)):
                balance = account.balance(asset)
                assert balance.free + balance.locked == START[asset] + change


def test_two_exchanges_never_write_one_journal(tmp_path: Path) -> None:
    with (
        venue(tmp_path),
        pytest.raises(OptionRefused, match="another paper exchange"),
        venue(tmp_path),
    ):
        pytest.fail("both write")


def test_a_line_cut_short_by_a_crash_is_forgotten(tmp_path: Path) -> None:
    with venue(tmp_path) as market:
        market.account("ann")
        path = market.journal.path
    with path.open("ab") as file:
        file.write(b'{"seq":2,"at":1,"kind":"acc')
    with venue(tmp_path) as again:
        again.account("bob")
    kinds = [(entry["seq"], entry["kind"]) for entry in journal.read(path)]
    assert kinds == [(1, "account"), (2, "account")]
