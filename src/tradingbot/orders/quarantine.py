"""What an exchange says and cannot be right: kept for a person, told once, never applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.kit.plain import dumps
from tradingbot.kit.statement import Driver
from tradingbot.orders import quarantine_repository as repository

log = logger(__name__)


class Kind(StrEnum):
    UNREADABLE = "unreadable"  # a message of the stream that makes no sense
    CONTRADICTION = "contradiction"  # a report that cannot be true of the order it names
    UNKNOWN_ORDER = "unknown_order"  # open on the exchange under our prefix, and not in our books
    UNKNOWN_FILLS = "unknown_fills"  # such an order that was filled and is over
    REOPENED_ORDER = "reopened_order"  # open on the exchange, ended in our books
    LOST_RECORD = "lost_record"  # on the exchange, and never sent by our books
    MISSING_ORDER = "missing_order"  # open in our books, unknown to the exchange
    BROKEN_INVARIANT = "broken_invariant"  # our own books do not add up


# Our books lack something: what is decided from them may be wrong until a person has looked.
HOLDING = frozenset({Kind.UNKNOWN_ORDER, Kind.UNKNOWN_FILLS, Kind.REOPENED_ORDER, Kind.LOST_RECORD})
# Of one kind on one account: who did not look at these will not look at more, but what the books
# lack is kept whole.
UNRESOLVED_MAX, LACKING_MAX = 200, 20_000
HELD = "Trading on this account is held until you release it."


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is what it is about: the same again counts, and is not told again."""

    account_id: int
    kind: Kind
    subject: str
    what: Mapping[str, object]
    why: str


class Quarantine:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, finding: Finding) -> None:
        async with self._database.driving() as driver:
            await put(driver, finding)

    async def is_about(self, account_id: int, subject: str) -> bool:
        """Whether there is anything about it that nobody has looked at yet."""
        async with self._database.asking() as driver:
            return await repository.is_about(driver, account_id, subject)


async def put(driver: Driver, finding: Finding) -> None:
    """Keep it; hold the account if it is of that kind; tell the owner, one of a kind a minute."""
    kept = (finding.account_id, finding.kind, finding.subject)
    holds = finding.kind in HOLDING
    most = LACKING_MAX if holds else UNRESOLVED_MAX
    what = dumps(finding.what)
    if await repository.put(driver, *kept, what=what, why=finding.why, most=most) != 1:
        return
    log.warning("quarantined", account_id=finding.account_id, kind=finding.kind, why=finding.why)
    if holds:
        await repository.hold(driver, finding.account_id, finding.why)
    if not await repository.told_lately(driver, *kept):
        await _warn(driver, finding, HELD if holds else "")


async def _warn(driver: Driver, finding: Finding, held: str) -> None:
    owner = await repository.owner(driver, finding.account_id)
    reason = f"{finding.why}. {held}".rstrip()
    await events.record(
        driver,
        user_id=owner.user_id,
        type=EventType.ACCOUNT_WARNING,
        message=f"{owner.name}: {reason}",
        data={
            "account_id": finding.account_id,
            "account": owner.name,
            "exchange": owner.exchange,
            "kind": finding.kind,
            "reason": reason,
        },
    )
