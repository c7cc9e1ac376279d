"""Every query of the running of bots: who holds one, what waits for it, what it decided."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Text,
    TextClause,
    all_,
    and_,
    any_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from tradingbot.bots.models import bots, inbox, steps
from tradingbot.exchanges.ports import Mode
from tradingbot.kit.database import Connection
from tradingbot.kit.lease import alive
from tradingbot.kit.statement import Driver, Row, Statement

# Words, not bound values: so the planner knows them from the index on bots to run.
RESTS = text("bots.status IN ('stopped', 'error')")
TO_RUN = text("bots.status NOT IN ('stopped', 'error')")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A bot now held by this worker, with what is needed to know when to wake it."""

    id: int
    lease_token: int
    exchange: str
    mode: Mode
    symbol: str
    watches: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class BotRow:
    """What a step needs of a bot."""

    id: int
    uid: str
    user_id: int
    account_id: int
    name: str
    strategy: str
    symbol: str
    params: dict[str, Any]
    status: str
    command: str | None
    on_stop: str
    state: str | None
    watches: list[dict[str, Any]]
    steps_taken: int


class Turn(StrEnum):
    """What a walk made of a bot's life."""

    GOES_ON = "goes_on"
    STARTED = "started"
    ENDED = "ended"


ROW = tuple(bots.c[field.name] for field in fields(BotRow))


def _named(*names: str) -> dict[str, BindParameter[Any]]:
    return {name: bindparam(name) for name in names}


def _save(**values: object) -> Statement:
    kept = _named("state", "watches", "steps_taken")
    changed = update(bots).where(bots.c.id == bindparam("id"))
    return Statement(changed.values(**kept, command=None, updated_at=func.now(), **values))


HELD = _named("id", "worker_id", "lease_token")
# By any lock on bots, orders first and holdings last: what ends an order adds to the inbox, whose
# reference to its bot must not wait for whoever has the bot and waits for the order.
LOCK = Statement(
    select(*ROW)
    .where(*(bots.c[name] == bind for name, bind in HELD.items()))
    .with_for_update(key_share=True)
)
PUT = Statement(insert(inbox).values(_named("bot_id", "event")))
OLDEST = select(inbox.c.id).where(inbox.c.bot_id == bindparam("bot_id")).order_by(inbox.c.id)
TAKE = Statement(
    delete(inbox)
    .where(inbox.c.id.in_(OLDEST.limit(bindparam("count", type_=Integer)).scalar_subquery()))
    .returning(inbox.c.id, inbox.c.event)
)
SAVE = {
    Turn.GOES_ON: _save(),
    Turn.STARTED: _save(status="running", status_reason="", started_at=func.now()),
    Turn.ENDED: _save(wanted="stopped", worker_id=None, **_named("status", "status_reason")),
}
ADD_STEP = Statement(insert(steps).values(_named("bot_id", "number", "event", "intents")))

FREE = or_(bots.c.worker_id.is_(None), bots.c.worker_id.not_in(alive()))
PLAYED = bots.c.strategy == any_(bindparam("strategies", type_=ARRAY(Text)))
TO_CLAIM = (
    select(bots.c.id)
    .where(TO_RUN, PLAYED, FREE)
    .order_by(bots.c.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
CLAIM = Statement(
    update(bots)
    .where(bots.c.id.in_(TO_CLAIM.scalar_subquery()))
    .values(worker_id=bindparam("worker_id"), lease_token=bots.c.lease_token + 1)
    .returning(*(bots.c[field.name] for field in fields(Claimed)))
)
RELEASE = Statement(
    update(bots).where(bots.c.worker_id == bindparam("holder")).values(worker_id=None)
)
RELEASE_UNHELD = Statement(
    update(bots)
    .where(
        bots.c.worker_id == bindparam("holder"),
        bots.c.id != all_(bindparam("held", type_=ARRAY(BigInteger))),
    )
    .values(worker_id=None)
)
WAITED_FOR = or_(bots.c.command.is_not(None), exists().where(inbox.c.bot_id == bots.c.id))
WITH_WORK = Statement(
    select(bots.c.id).where(bots.c.worker_id == bindparam("worker_id"), WAITED_FOR)
)


def _ask(allowed: ColumnElement[bool] | TextClause, **values: object) -> Statement:
    there = and_(bots.c.id == bindparam("bot_id"), bots.c.deleted_at.is_(None), allowed)
    return Statement(
        update(bots).where(there).values(updated_at=func.now(), **values).returning(bots.c.id)
    )


ASK = {
    "start": _ask(RESTS, wanted="running", status="starting", command="start"),
    "stop": _ask(
        and_(TO_RUN, bots.c.status != "stopping"),
        wanted="stopped",
        status="stopping",
        command="stop",
    ),
    "update": _ask(and_(bots.c.status == "running", bots.c.command.is_(None)), command="update"),
}
STRATEGY_OF = Statement(
    select(bots.c.strategy).where(bots.c.id == bindparam("id"), bots.c.deleted_at.is_(None))
)


async def claim(
    driver: Driver, worker_id: str, strategies: Sequence[str], limit: int
) -> list[Claimed]:
    """Take bots that should be alive and that no living worker holds."""
    rows = await CLAIM.rows(driver, worker_id=worker_id, strategies=list(strategies), limit=limit)
    return [Claimed(**{**dict(row.items()), "mode": Mode(row["mode"])}) for row in rows]


async def release(driver: Driver, worker_id: str) -> None:
    await RELEASE.run(driver, holder=worker_id)


async def release_unheld(driver: Driver, worker_id: str, held: Collection[int]) -> None:
    """Let go of bots a claim gave this worker whose answer it never got."""
    await RELEASE_UNHELD.run(driver, holder=worker_id, held=list(held))


async def with_work(driver: Driver, worker_id: str) -> list[int]:
    """Held bots that something waits for."""
    return [_id(row) for row in await WITH_WORK.rows(driver, worker_id=worker_id)]


async def waits(connection: Connection, bot_id: int) -> bool:
    """Whether anything happened that the strategy has not been told."""
    query = select(exists().where(inbox.c.bot_id == bot_id))
    return bool((await connection.execute(query)).scalar())


async def lock(driver: Driver, bot_id: int, worker_id: str, lease_token: int) -> BotRow | None:
    """The bot, locked; None when another worker holds it by now: the fence."""
    row = await LOCK.row(driver, id=bot_id, worker_id=worker_id, lease_token=lease_token)
    return None if row is None else BotRow(**dict(row.items()))


async def put(driver: Driver, bot_id: int, event: str) -> None:
    await PUT.run(driver, bot_id=bot_id, event=event)


async def take(driver: Driver, bot_id: int, limit: int) -> list[str]:
    """The oldest waiting events, removed: by the commit that also keeps what came of them."""
    rows = await TAKE.rows(driver, bot_id=bot_id, count=limit)
    return [row["event"] for row in sorted(rows, key=_id)]


async def save(
    driver: Driver,
    bot: BotRow,
    turn: Turn,
    *,
    state: str | None,
    watches: list[dict[str, Any]],
    taken: Sequence[tuple[str, str]] = (),
    said: Mapping[str, str] | None = None,
) -> None:
    """The bot after its steps, and each step with its event and intents.

    `said`: status and status_reason, of a bot that ended.
    """
    total = bot.steps_taken + len(taken)
    kept = {"state": state, "watches": json.dumps(watches), "steps_taken": total}
    await SAVE[turn].run(driver, id=bot.id, **kept, **(said or {}))
    for number, (event, intents) in enumerate(taken, bot.steps_taken + 1):
        await ADD_STEP.run(driver, bot_id=bot.id, number=number, event=event, intents=intents)


async def ask(on: Connection | Driver, bot_id: int, action: str) -> bool:
    """Note a command. True when it changed what the bot's owner wants of it."""
    return await ASK[action].found(on, bot_id=bot_id)


async def strategy_of(driver: Driver, bot_id: int) -> str | None:
    row = await STRATEGY_OF.row(driver, id=bot_id)
    return None if row is None else str(row["strategy"])


def _id(row: Row) -> int:
    return int(row["id"])
