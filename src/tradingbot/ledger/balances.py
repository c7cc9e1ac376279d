"""Books against balances: what came in or went out beside our own trades."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TypeAlias

from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.exchanges.ports import Balance, Session
from tradingbot.kit.database import Connection, Database
from tradingbot.ledger import repository
from tradingbot.ledger.moves import Pocket, free, together
from tradingbot.ledger.repository import Keeper
from tradingbot.ledger.sentences import drifted
from tradingbot.trading.money import UNROUNDED, ZERO, plain

ByCoin: TypeAlias = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Flight:
    """How many of an account's orders may trade, and how many may have without our knowing.

    `last_fill` is the newest fill of all that are counted in.
    """

    live: int
    unanswered: int
    last_fill: int


InFlight: TypeAlias = Callable[[Connection, int], Awaitable[Flight]]


@dataclass(frozen=True, slots=True)
class Books:
    """An account's books at one moment."""

    keeper: Keeper
    owned: Mapping[Pocket, Decimal]
    flight: Flight

    @property
    def opened(self) -> bool:
        return self.keeper.reconciled_at is not None


@dataclass(frozen=True, slots=True)
class Look:
    """The exchange's balances less the books, by coin, where they differ.

    `still`: nothing could trade meanwhile, so that this is no trade on its way.
    """

    books: Books
    differences: ByCoin
    still: bool


async def read_books(database: Database, in_flight: InFlight, account_id: int) -> Books:
    async with database.begin() as connection:
        keeper = await repository.keeper(connection, account_id)
        flight = await in_flight(connection, account_id)
        owned = await repository.of_account(connection, account_id)
    return Books(keeper, owned, flight)


async def look(
    database: Database, in_flight: InFlight, account_id: int, session: Session
) -> Look | None:
    """None while trades come in, or an order is unanswered: then it shows nothing.

    Raises ExchangeUnreachable, KeyRefused.
    """
    before = await read_books(database, in_flight, account_id)
    balances = await session.balances()
    after = await read_books(database, in_flight, account_id)
    if before.owned != after.owned or before.flight.unanswered or after.flight.unanswered:
        return None
    still = before.flight.live == after.flight.live == 0
    return Look(after, compared(after.owned, totals(balances)), still)


def totals(balances: Mapping[str, Balance]) -> ByCoin:
    with localcontext(UNROUNDED):
        return {asset: held.free + held.locked for asset, held in balances.items()}


def by_coin(owned: Mapping[Pocket, Decimal]) -> ByCoin:
    sums: dict[str, Decimal] = {}
    with localcontext(UNROUNDED):
        for pocket, amount in owned.items():
            sums[pocket.asset] = sums.get(pocket.asset, ZERO) + amount
    return sums


def compared(owned: Mapping[Pocket, Decimal], there: ByCoin) -> ByCoin:
    ours = by_coin(owned)
    with localcontext(UNROUNDED):
        found = {
            asset: there.get(asset, ZERO) - ours.get(asset, ZERO)
            for asset in sorted({*there, *ours})
        }
    return _present(found)


async def take_in(connection: Connection, account_id: int, seen: Look) -> ByCoin:
    """The free part takes the differences, and its owner is told; what is missing beyond it.

    Nothing is taken from a bot, and no money is made up: what the free part lacks stays missing.
    """
    keeper, opened = seen.books.keeper, seen.books.opened
    if not await repository.lock(connection, account_id, keeper.reconciled_at):
        return {}  # somebody else took them in since
    free_now = await repository.lock_free(connection, account_id)
    taken, missing = settled(seen.differences, free_now, opening=not opened)
    if taken or not opened:
        await repository.reconciled(connection, account_id)
        moves = {free(asset): amount for asset, amount in taken.items()}
        await repository.move(connection, account_id, moves)
    if taken and opened:
        reason = drifted(taken)
        await events.record(
            connection,
            user_id=keeper.user_id,
            type=EventType.ACCOUNT_WARNING,
            message=f"{keeper.name}: {reason}.",
            data=about(keeper, reason, taken),
        )
    return missing


async def recount(
    database: Database, in_flight: InFlight, account_id: int, session: Session
) -> None:
    """Count in what came to the account or left it, where nothing trades that could explain it.

    Elsewhere that is the order monitor's to tell apart. Raises ExchangeUnreachable, KeyRefused.
    """
    if (await read_books(database, in_flight, account_id)).flight.live:
        return
    seen = await look(database, in_flight, account_id, session)
    if seen is not None and seen.still:
        async with database.begin() as connection:
            await take_in(connection, account_id, seen)


async def open_books(
    connection: Connection, account_id: int, balances: Mapping[str, Balance]
) -> None:
    """A new account: all there is belongs to nobody yet."""
    await repository.reconciled(connection, account_id)
    there = {free(asset): amount for asset, amount in totals(balances).items()}
    await repository.move(connection, account_id, together(there))


def settled(differences: ByCoin, free_now: ByCoin, *, opening: bool) -> tuple[ByCoin, ByCoin]:
    """What the free part takes of the differences, and what bots own beyond what there is."""
    taken, missing = {}, {}
    with localcontext(UNROUNDED):
        for asset in sorted({*differences, *free_now}):
            now, difference = free_now.get(asset, ZERO), differences.get(asset, ZERO)
            # Below zero is where fees took it, or what was drawn before the opening: then it is 0.
            floor = ZERO if opening else min(now, ZERO)
            then = max(now + difference, floor)
            taken[asset] = then - now
            missing[asset] = then - now - difference - min(then, ZERO)
    return _present(taken), _present(missing)


def _present(amounts: ByCoin) -> ByCoin:
    return {asset: amount for asset, amount in amounts.items() if amount}


def about(keeper: Keeper, reason: str, amounts: ByCoin) -> dict[str, object]:
    figures = {asset: plain(amount) for asset, amount in amounts.items()}
    return {
        "account": keeper.name,
        "exchange": keeper.exchange,
        "reason": reason,
        "amounts": figures,
    }
