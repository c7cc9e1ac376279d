"""One budget for all processes, on Redis or Valkey; and each one's fair part while that is away.

Room is taken in small blocks: most who ask are paid from what the process holds already, and the
others share one round trip. What is taken and not used ends with its window.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from math import inf
from time import monotonic
from typing import Any

from tradingbot.adapters.redis_letter import SCRIPT, Letter
from tradingbot.adapters.redis_shelf import Asking, Shelf, free_of, shelf_of
from tradingbot.kit import ids
from tradingbot.kit.budget import Ask, Bucket, Pauses
from tradingbot.kit.outage import Outage
from tradingbot.kit.redis_connection import AWAY, connect

ANSWER_SECONDS = 0.25
PATIENCE_SECONDS = 0.8  # whatever else may be wrong
BEAT_SECONDS = 0.5
SETTLE_SECONDS = 3.0  # longer than anybody takes to notice that Redis is back
PROCESSES_UNTIL_KNOWN = 4  # an API, a worker, a monitor, and one more


class RedisBudget:
    """See kit.budget.Budget. `run` must run beside it; `me` names this process."""

    def __init__(self, url: str, me: str) -> None:
        self._redis = connect(url, answer_seconds=ANSWER_SECONDS)
        self._script = self._redis.register_script(SCRIPT)
        self._me = me
        self._shelves: dict[str, Shelf] = {}
        self._busy: dict[Shelf, float] = {}  # and when its window has surely ended
        self._pauses = Pauses()
        self._pause_ids: dict[str, str] = {}  # by bucket, of the one in force
        self._waiting: list[Asking] = []
        self._wake = asyncio.Event()
        self._outage = Outage("budget")
        self._away = False
        self._fair_until = 0.0
        self._lost_at = 0.0
        self._processes = PROCESSES_UNTIL_KNOWN
        self._born = b""
        # What Redis has yet to hear from us.
        self._changed: set[Shelf] = set()
        self._paused: set[str] = set()

    async def take(self, asks: Sequence[Ask], now_ms: int) -> int:
        if wait := self._pauses.longest_ms(asks):
            return wait
        shelves = [self._shelf(ask.bucket, now_ms) for ask in asks]
        asking = Asking([self._common(ask) for ask in asks], shelves, now_ms)
        if asking.pay():
            return 0
        if wait := asking.full_ms() or self._unfair_ms(asking):
            asking.give_back()
            return wait
        if self._away:
            asking.take_unseen()
            self._changed.update(asking.shelves)
            return 0
        answer = await self._answer_to(asking)
        if answer != 0:
            asking.renounce()
        return await self.take(asks, now_ms) if answer is None else answer

    def seen(self, bucket: Bucket, used: int, now_ms: int) -> None:
        shelf = self._shelf(bucket, now_ms)
        if shelf.see(used):
            self._changed.add(shelf)

    def pause(self, bucket: Bucket, ms: int) -> bool:
        longer = self._pauses.add(bucket.key, ms)
        if longer:
            self._pause_ids[bucket.key] = ids.new_uid()
            self._paused.add(bucket.key)
            self._wake.set()
        return longer

    async def run(self) -> None:
        """Speak for all who ask; and every half second, for who is silent has no part."""
        task = asyncio.current_task()
        assert task is not None
        try:
            # Looked at, because redis-py can swallow the cancelling of who is just sending.
            while not task.cancelling():
                # Not wait_for: in Python 3.11 it can swallow the cancelling of this task.
                with suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_SECONDS):
                        await self._wake.wait()
                self._wake.clear()
                await self._speak()
        finally:
            self._lost()
            self._refer(self._waiting)

    async def close(self) -> None:
        with suppress(*AWAY):
            await self._redis.aclose()

    def _common(self, ask: Ask) -> Ask:
        """Without what is everybody's own, of those who are there and those who may come."""
        own = free_of(ask.bucket) * max(self._processes, PROCESSES_UNTIL_KNOWN)
        return ask._replace(ceiling=ask.ceiling - own) if own else ask

    def _unfair_ms(self, asking: Asking) -> int:
        """In an outage, and until everybody must be back from it, each keeps to his part."""
        if monotonic() >= self._fair_until:
            return 0
        return asking.claim(self._processes, self._lost_at)

    async def _answer_to(self, asking: Asking) -> int | None:
        """How many ms to wait; None: Redis is away."""
        self._waiting.append(asking)
        self._wake.set()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asking.answered()
        except TimeoutError:
            self._lost()
            return None

    def _lost(self) -> None:
        if not self._away:
            self._away = True
            self._fair_until = inf
            self._lost_at = monotonic()

    async def _speak(self) -> None:
        letter = self._letter()
        try:
            reply = await self._script(letter.keys, [letter.text])
        except AWAY as error:
            self._lost()
            self._changed |= letter.told.keys()
            self._paused |= letter.pauses.keys()
            self._refer([*letter.askings, *self._waiting])
            await asyncio.sleep(self._outage.failed(error))
        else:
            self._outage.over()
            self._hear(letter, reply)

    def _letter(self) -> Letter:
        waiting, self._waiting = sorted(self._waiting, key=Asking.rank), []
        askings = [asking for asking in waiting if not asking.settled()]
        pauses = {
            key: (self._pause_ids[key], left_ms)
            for key in self._paused
            if (left_ms := self._pauses.left_ms(key))
        }
        self._busy = {shelf: end for shelf, end in self._busy.items() if end > monotonic()}
        changed = self._changed | self._busy.keys()
        in_blocks = monotonic() >= self._fair_until
        letter = Letter(self._me, askings, changed, pauses, in_blocks=in_blocks)
        self._changed, self._paused = set(), set()
        return letter

    def _hear(self, letter: Letter, reply: Any) -> None:
        alive, born, pauses, counts, answers = reply
        if self._away or born != self._born != b"":
            self._tell_everything()
        self._away, self._born = False, born
        if monotonic() >= self._fair_until:
            self._processes = alive
        for key, pause_id, left_ms in pauses:
            self._note_pause(key.decode(), pause_id.decode(), left_ms)
        letter.delivered(counts)
        for asking in letter.answered(answers):
            asking.answer(self._pauses.longest_ms(asking.asks) or asking.full_ms())

    def _note_pause(self, key: str, pause_id: str, left_ms: int) -> None:
        """Heard once only: a step of Redis's clock makes no pause longer."""
        if self._pause_ids.get(key) != pause_id:
            self._pause_ids[key] = pause_id
            self._pauses.add(key, left_ms)

    def _tell_everything(self) -> None:
        """Redis was away, or has lost its memory: each of us tells it what he knows."""
        if not self._away:
            self._lost_at = monotonic()
        self._fair_until = monotonic() + SETTLE_SECONDS
        self._changed.update(
            shelf for shelf in self._shelves.values() if shelf.used or shelf.unseen
        )
        self._paused.update(self._pause_ids)
        self._wake.set()

    def _refer(self, askings: Sequence[Asking]) -> None:
        """Nobody answers: each sees for himself."""
        self._waiting = []
        for asking in askings:
            asking.answer(None)

    def _shelf(self, bucket: Bucket, now_ms: int) -> Shelf:
        shelf = self._shelves.get(bucket.key)
        if shelf is None or not shelf.holds(now_ms):
            shelf = self._shelves[bucket.key] = shelf_of(bucket, now_ms)
            if self._born:  # else nobody counts on us
                shelf.hold(free_of(bucket), 0)
            if bucket.busy:
                self._busy[shelf] = monotonic() + bucket.window_ms / 1000
        return shelf
