"""Every query of the running of bots: who holds one, what waits for it, what it decided."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from tradingbot.bots.models import bots, inbox, steps
from tradingbot.exchanges.ports import Mode
from tradingbot.kit.database import Connection
from tradingbot.kit.lease import alive
from tradingbot.kit.statement import Driver, Row, Statement

RESTING = ("stopped", "error")


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
LOCK = Statement(
    select(*ROW).where(*(bots.c[name] == bind for name, bind in HELD.items())).with_for_update()
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


async def claim(
    connection: Connection, worker_id: str, strategies: Sequence[str], limit: int
) -> list[Claimed]:
    """Take bots that should be alive and that no living worker holds."""
    free = or_(bots.c.worker_id.is_(None), bots.c.worker_id.not_in(alive()))
    chosen = (
        select(bots.c.id)
        .where(bots.c.status.not_in(RESTING), bots.c.strategy.in_(strategies), free)
        .order_by(bots.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await connection.execute(
        update(bots)
        .where(bots.c.id.in_(chosen.scalar_subquery()))
        .values(worker_id=worker_id, lease_token=bots.c.lease_token + 1)
        .returning(*(bots.c[field.name] for field in fields(Claimed)))
    )
    return [
        Claimed(row.id, row.lease_token, row.exchange, Mode(row.mode), row.symbol, row.watches)
        for row in rows
    ]


async def release(connection: Connection, worker_id: str) -> None:
    await connection.execute(
        update(bots).where(bots.c.worker_id == worker_id).values(worker_id=None)
    )


async def with_work(connection: Connection, worker_id: str) -> list[int]:
    """Held bots that something waits for."""
    waits = exists().where(inbox.c.bot_id == bots.c.id)
    query = select(bots.c.id).where(
        bots.c.worker_id == worker_id, or_(bots.c.command.is_not(None), waits)
    )
    return list((await connection.execute(query)).scalars())


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


async def ask(connection: Connection, bot_id: int, action: str) -> bool:
    """Note a command. True when it changed what the bot's owner wants of it."""
    resting = bots.c.status.in_(RESTING)
    moves: dict[str, tuple[ColumnElement[bool], dict[str, object]]] = {
        "start": (resting, {"wanted": "running", "status": "starting", "command": "start"}),
        "stop": (
            and_(~resting, bots.c.status != "stopping"),
            {"wanted": "stopped", "status": "stopping", "command": "stop"},
        ),
        "update": (
            and_(bots.c.status == "running", bots.c.command.is_(None)),
            {"command": "update"},
        ),
    }
    allowed, values = moves[action]
    changed = await connection.execute(
        update(bots)
        .where(bots.c.id == bot_id, bots.c.deleted_at.is_(None), allowed)
        .values(updated_at=func.now(), **values)
    )
    return changed.rowcount == 1


async def strategy_of(connection: Connection, bot_id: int) -> str | None:
    query = select(bots.c.strategy).where(bots.c.id == bot_id, bots.c.deleted_at.is_(None))
    return (await connection.execute(query)).scalar_one_or_none()


def _id(row: Row) -> int:
    return int(row["id"])
