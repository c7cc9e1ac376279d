"""Whatever is asked of it, the venue's books balance."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
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
from tradingbot.paper.refusals import NotEnoughFunds, Refused
from tradingbot.paper.server import open_venue
from tradingbot.paper.venue import Venue
from tradingbot.simulation.fees import FeeRates
from tradingbot.trading.order import Side

S = "BTC/USDT"
# A trade or two, and there is no BNB left to pay fees with.
START = {"USDT": Decimal(50_000), "BTC": Decimal(2), "BNB": Decimal("0.01")}
OWNERS = ("ann", "bob", "cid")


@contextmanager
def venue(directory: Path) -> Iterator[Venue]:
    limits = PaperLimits(open_orders_per_market=1_000)
    fees = FeeRates(third_coin="BNB")
    options = PaperOptions(data_dir=directory, balances=START, limits=limits, fees=fees)
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
    trigger = None
    if kind == "stop":
        trigger = Trigger(draw(PRICES), draw(st.booleans()), draw(st.booleans()))
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


@dataclass(frozen=True)
class Place:
    owner: str
    asked: OrderRequest
    later: bool  # acknowledged now, meets the market when its turn comes


@dataclass(frozen=True)
class Print:
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True)
class Cancel:
    order: int


@dataclass(frozen=True)
class Amend:
    order: int
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True)
class Work:
    """The turn of the oldest order that waits."""


NUMBERS = st.integers(0, 30)
PLACES = st.builds(Place, st.sampled_from(OWNERS), requests(), st.booleans())
STEPS = st.lists(
    st.one_of(
        PLACES,
        PLACES,
        PLACES,
        st.builds(Print, PRICES, QUANTITIES),
        st.builds(Cancel, NUMBERS),
        st.builds(Amend, NUMBERS, PRICES, QUANTITIES),
        st.builds(Work),
    ),
    min_size=12,
    max_size=60,
)
Step: TypeAlias = Place | Print | Cancel | Amend | Work


def act(market: Venue, step: Step) -> None:
    with suppress(Refused):
        match step:
            case Place(owner, asked, later):
                account = market.account(owner)
                (market.acknowledge if later else market.place)(account, asked)
            case Print(price, quantity):
                market.print(S, price, quantity, market.now(), buyer_is_maker=True)
            case _:
                touch(market, step)


def touch(market: Venue, step: Cancel | Amend | Work) -> None:
    """Do something to an open order, if there is one that it fits."""
    orders = [order for order in market.ledger.orders.values() if order.open and fits(order, step)]
    if not orders:
        return
    match step:
        case Cancel(number):
            market.cancel(orders[number % len(orders)])
        case Amend(number, price, quantity):
            order = orders[number % len(orders)]
            market.amend(order, replace(order.asked, price=price, quantity=quantity))
        case Work():
            market.work(orders[0])


def fits(order: PaperOrder, step: Cancel | Amend | Work) -> bool:
    if isinstance(step, Amend):
        return order.asked.price is not None
    return order.waiting or not isinstance(step, Work)


def held(order: PaperOrder) -> Decimal:
    """What an open order has to have locked, worked out from nothing but itself."""
    asleep = order.asked.trigger if order.working_since is None else None
    if asleep and not asleep.reserves:
        return ZERO
    if order.waiting and order.asked.price is None and not asleep:
        return order.locked  # what the market asked for when it came
    if order.asked.side is Side.SELL:
        return order.remaining
    limit = order.asked.price or (order.asked.trigger.price if order.asked.trigger else ZERO)
    return limit * order.remaining


def check(market: Venue) -> None:
    for account in market.ledger.accounts.values():
        assert all(b.free >= 0 and b.locked >= 0 for b in account.balances.values())
        locked = dict.fromkeys(START, ZERO)
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
    for asset, gained in (("BTC", base), ("USDT", quote), ("BNB", ZERO)):
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
                {
                    number: (order.status, order.reason, order.waiting, order.locked, order.asked)
                    for number, order in account.orders[S].items()
                },
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
            for asset, change in (("BTC", base), ("USDT", quote), ("BNB", -sums.fees["BNB"])):
                balance = account.balance(asset)
                assert balance.free + balance.locked == START[asset] + change


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_the_journals_last_word_on_each_balance_is_the_balance(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as directory, venue(Path(directory)) as market:
        for step in steps:
            act(market, step)
        market.flush()
        last: dict[tuple[str, str], list[str]] = {}
        for entry in journal.read(market.journal.path):
            for asset, held in entry.get("balances", {}).items():
                last[entry["account"], asset] = held if isinstance(held, list) else [held, "0"]
        for (name, asset), (free, locked) in last.items():
            balance = market.ledger.accounts[name].balance(asset)
            assert (balance.free, balance.locked) == (Decimal(free), Decimal(locked))


def limit_order(price: int, quantity: str, trigger: Trigger | None = None) -> OrderRequest:
    cid = f"{price} {quantity} {trigger}"
    amount = Decimal(quantity)
    return OrderRequest(cid, S, Side.BUY, amount, price=Decimal(price), trigger=trigger)


def test_what_waited_and_fell_asleep_sleeps_on_after_a_restart(tmp_path: Path) -> None:
    asked = limit_order(61_000, "0.1", trigger=Trigger(Decimal(62_000), rising=True))
    with venue(tmp_path) as market:
        order = market.acknowledge(market.account("ann"), asked)
        market.work(order)
        before = told(market)
    with venue(tmp_path) as again:
        assert told(again) == before
        assert again.waiting == []


def test_terms_that_cannot_be_paid_change_nothing(tmp_path: Path) -> None:
    with venue(tmp_path) as market:
        for trigger in (None, Trigger(Decimal(62_000), rising=True)):
            asked = limit_order(50_000, "0.1", trigger=trigger)
            order = market.place(market.account("ann"), asked)
            before = told(market)
            with pytest.raises(NotEnoughFunds):
                market.amend(order, replace(order.asked, quantity=Decimal(10)))
            assert told(market) == before
            check(market)


def test_an_amended_order_waits_behind_those_that_were_there(tmp_path: Path) -> None:
    with venue(tmp_path) as market:
        first, second = (
            market.place(market.account(owner), limit_order(50_000, "0.1")) for owner in OWNERS[:2]
        )
        market.amend(first, replace(first.asked, quantity=Decimal("0.2")))
        market.print(S, Decimal(50_000), Decimal("0.1"), market.now(), buyer_is_maker=True)
        assert (first.executed, second.executed) == (ZERO, Decimal("0.1"))


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
