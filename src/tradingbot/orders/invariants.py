"""Whether our books add up, asked of the database alone: what never may be is told when it is."""

from collections.abc import Sequence
from datetime import timedelta

from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.orders import invariants_repository as repository
from tradingbot.orders.invariants_repository import Breach
from tradingbot.orders.quarantine import Finding, Kind, Quarantine

EVER = timedelta(days=36_500)
LATELY = timedelta(days=1)

log = logger(__name__)


async def breaches(database: Database, since: timedelta = EVER) -> Sequence[Breach]:
    """Where they do not, among what has changed within `since`."""
    async with database.asking() as driver:
        return await repository.breaches(driver, since)


async def report(database: Database) -> None:
    """Log what is broken, and tell whose account it is: once, until that one has looked."""
    for breach in await breaches(database, LATELY):
        about = {"rule": breach.rule, "subject": breach.subject, "why": breach.why}
        log.error("invariant_broken", account_id=breach.account_id, **about)
        subject = f"{breach.rule}: {breach.subject}"
        why = f"Our books do not add up at {breach.subject}: {breach.why}"
        finding = Finding(breach.account_id, Kind.BROKEN_INVARIANT, subject, about, why)
        await Quarantine(database).put(finding)
