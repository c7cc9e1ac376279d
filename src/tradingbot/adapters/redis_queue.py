"""Queues on Redis or Valkey: LPUSH in, BLMOVE out under a lease, a reaper for the dead's items."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from tradingbot.kit.clock import Clock, SystemClock
from tradingbot.kit.database import cause
from tradingbot.kit.log import logger
from tradingbot.kit.outage import Outage, is_away
from tradingbot.kit.plain import moment
from tradingbot.kit.queue import (
    DeadLetter,
    Handler,
    Item,
    QueueUnreachable,
    Unprocessable,
    parse,
    stamp,
)
from tradingbot.kit.redis_connection import AWAY, connect, unreachable
from tradingbot.kit.scrub import scrub_text

log = logger(__name__)

TRIES_MAX = 5
LEASE_SECONDS = 15.0
BLOCK_SECONDS = 2.0
PAUSE_SECONDS = 0.25

# What a consumer holds goes back to the pop side: the newest first, so the oldest is next.
GIVE_BACK = """
while redis.call('LMOVE', KEYS[2], KEYS[1], 'LEFT', 'RIGHT') do end
"""
PUT_BACK = """
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 1 then redis.call('LPUSH', KEYS[1], ARGV[1]) end
"""
REPLACE = """
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 1 then redis.call('LPUSH', KEYS[2], ARGV[2]) end
"""
BURY = """
if redis.call('LREM', KEYS[2], 1, ARGV[1]) == 1 then redis.call('LPUSH', KEYS[3], ARGV[2]) end
redis.call('HDEL', KEYS[4], redis.sha1hex(ARGV[1]))
"""
ACKNOWLEDGE = """
redis.call('LREM', KEYS[2], 1, ARGV[1])
redis.call('HDEL', KEYS[4], redis.sha1hex(ARGV[1]))
"""
COUNT = """
return redis.call('HINCRBY', KEYS[4], redis.sha1hex(ARGV[1]), 1)
"""
REAP = """
for _, consumer in ipairs(redis.call('SMEMBERS', KEYS[5])) do
  if redis.call('EXISTS', KEYS[1] .. ':lease:' .. consumer) == 0 then
    local held = KEYS[1] .. ':processing:' .. consumer
    local raw = redis.call('LPOP', held)
    while raw do
      local tries = redis.call('HINCRBY', KEYS[4], redis.sha1hex(raw), 1)
      if tries > tonumber(ARGV[1]) then
        local reason = 'its worker died with it in hand, ' .. tries .. ' times'
        redis.call('LPUSH', KEYS[3], cjson.encode({item = raw, reason = reason, at = ARGV[2]}))
        redis.call('HDEL', KEYS[4], redis.sha1hex(raw))
      else
        redis.call('RPUSH', KEYS[1], raw)
      end
      raw = redis.call('LPOP', held)
    end
    redis.call('SREM', KEYS[5], consumer)
  end
end
"""


class RedisQueue:
    """`consumer` names this worker; while it lives, no other may have the name."""

    def __init__(
        self,
        url: str,
        consumer: str,
        *,
        lease_seconds: float = LEASE_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self._redis = connect(url)
        self._consumer = consumer
        self._lease_seconds = lease_seconds
        self._clock = clock or SystemClock()

    async def push(self, items: Sequence[tuple[str, str]]) -> None:
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for name, body in items:
                    pipe.lpush(name, body)
                await pipe.execute()
        except AWAY as error:
            raise unreachable(error) from error

    async def consume(self, handlers: Mapping[str, Handler], stopping: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            lines = [
                _Line(self._redis, name, self._consumer, handler, self._lease_seconds, self._clock)
                for name, handler in handlers.items()
            ]
            working = [group.create_task(line.work()) for line in lines]
            caring = group.create_task(self._care_for(lines))
            await stopping.wait()
            for line, task in zip(lines, working, strict=True):
                line.stop(task)
            await asyncio.wait(working)
            caring.cancel()

    async def _care_for(self, lines: Sequence["_Line"]) -> None:
        """Keep what is in hand ours however long it takes, and bring back what the dead held."""
        while True:
            with suppress(*AWAY):  # each line says so itself
                for line in lines:
                    await line.renew()
                    await line.reap()
            await asyncio.sleep(self._lease_seconds / 3)

    async def dead_letters(self, name: str, limit: int) -> Sequence[DeadLetter]:
        try:
            found = await self._redis.lrange(f"{name}:dead", 0, limit - 1)
        except AWAY as error:
            raise unreachable(error) from error
        letters = [json.loads(raw) for raw in found]
        return [DeadLetter(one["item"], one["reason"], one["at"]) for one in letters]

    async def ping(self) -> None:
        try:
            await self._redis.ping()
        except AWAY as error:
            raise unreachable(error) from error

    async def close(self) -> None:
        with suppress(*AWAY):
            await self._redis.aclose()


class _Line:
    """One list and us, a consumer of it: take, do, acknowledge; one item at a time.

    What fails waits aside, still in our hands, and goes to the back of the list.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        consumer: str,
        handler: Handler,
        lease_seconds: float,
        clock: Clock,
    ) -> None:
        self._redis = redis
        self._name = name
        self._consumer = consumer
        self._handler = handler
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._outage = Outage(f"queue {name}")
        self._trouble = Outage(f"what {name} needs")
        self._in_hand = f"{name}:processing:{consumer}"
        self._consumers = f"{name}:consumers"
        self._keys = (name, self._in_hand, f"{name}:dead", f"{name}:tries", self._consumers)
        self._aside: list[tuple[float, bytes]] = []
        self._stopping = False
        self._waiting = False
        # False: a take may have succeeded without our knowing (or an earlier process of our name
        # has left something), so what lies in our hands goes back first.
        self._sure = False

    def stop(self, work: asyncio.Task[None]) -> None:
        self._stopping = True
        if self._waiting:
            work.cancel()

    async def work(self) -> None:
        """Until stopped; then whatever is not done goes back."""
        try:
            while not self._stopping:
                if (raw := await self._take()) is not None:
                    await self._do(raw)
        finally:
            # A take cut off right now may still succeed over there: membership and lease stay, so
            # that a reaper finds it.
            with suppress(*AWAY):
                await self._run(GIVE_BACK)

    async def renew(self) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            self._show_alive(pipe)
            await pipe.execute()

    async def reap(self) -> None:
        await self._run(REAP, TRIES_MAX, moment(self._clock.now()))

    async def _take(self) -> bytes | None:
        self._waiting = True
        try:
            await self._tidy_hands()
            async with self._redis.pipeline(transaction=False) as pipe:
                # Together with each take: whatever it brings is ours, visibly, for a whole lease.
                self._show_alive(pipe)
                pipe.execute_command(  # blmove() wants whole seconds
                    "BLMOVE", self._name, self._in_hand, "RIGHT", "LEFT", self._block_seconds()
                )
                raw: bytes | None = (await pipe.execute())[-1]
        except AWAY as error:
            self._sure = False
            await asyncio.sleep(self._outage.failed(error))
            return None
        finally:
            self._waiting = False
        self._outage.over()
        return raw

    async def _tidy_hands(self) -> None:
        if not self._sure:
            await self._run(GIVE_BACK)
            self._aside.clear()
            self._sure = True
        now = monotonic()
        for due, raw in self._aside:
            if due <= now:
                await self._run(PUT_BACK, raw)
        self._aside = [(due, raw) for due, raw in self._aside if due > now]

    def _block_seconds(self) -> float:
        longest = min(BLOCK_SECONDS, self._lease_seconds / 3)
        first = min((due for due, _ in self._aside), default=monotonic() + longest)
        return max(0.01, min(longest, first - monotonic()))  # 0 would mean: for ever

    async def _do(self, raw: bytes) -> None:
        try:
            item = parse(raw)
            if "id" not in item:
                raw, item = await self._stamped(raw)
            await self._handler(item)
        except Unprocessable as why:
            await self._bury(raw, str(why))
        except Exception as error:  # noqa: BLE001  # a bad item must not stop the others
            await self._failed(raw, error)
        else:
            self._trouble.over()
            await self._settle(ACKNOWLEDGE, raw)

    async def _stamped(self, raw: bytes) -> tuple[bytes, Item]:
        stamped = stamp(raw)
        await self._run(REPLACE, raw, stamped)
        return stamped, parse(stamped)

    async def _failed(self, raw: bytes, error: Exception) -> None:
        if is_away(error) or isinstance(error, (*AWAY, QueueUnreachable)):
            # No fault of the item's, and the next would fare no better: nobody's turn until then.
            await asyncio.sleep(self._trouble.failed(error))
            self._aside.append((0.0, raw))
            return
        tries = await self._settle(COUNT, raw) or 0
        log.error("item_failed", queue=self._name, tries=tries, exc_info=error)
        if tries >= TRIES_MAX:
            words = f"{type(error).__name__}: {cause(error)}"
            await self._bury(raw, f"failed {tries} times: {scrub_text(words)}")
        else:
            self._aside.append((monotonic() + PAUSE_SECONDS * 2.0**tries, raw))

    async def _bury(self, raw: bytes, reason: str) -> None:
        log.warning("item_buried", queue=self._name, reason=reason)
        item = raw.decode(errors="backslashreplace")
        letter = {"item": item, "reason": reason, "at": moment(self._clock.now())}
        await self._settle(BURY, raw, json.dumps(letter))

    async def _settle(self, script: str, *arguments: bytes | str) -> int | None:
        """Run it, after the outage if there is one. Giving up when stopping: it is done again."""
        while True:
            try:
                result = await self._run(script, *arguments)
            except AWAY as error:
                self._sure = False
                if self._stopping:
                    return None
                await asyncio.sleep(self._outage.failed(error))
            else:
                return result

    async def _run(self, script: str, *arguments: bytes | str | int) -> int | None:
        result: int | None = await self._redis.eval(
            script, len(self._keys), *self._keys, *arguments
        )
        return result

    def _show_alive(self, pipe: Pipeline) -> None:
        pipe.sadd(self._consumers, self._consumer)
        lease = f"{self._name}:lease:{self._consumer}"
        pipe.set(lease, "1", px=int(self._lease_seconds * 1000))
