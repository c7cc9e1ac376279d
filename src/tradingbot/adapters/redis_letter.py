"""What a process and the common count in Redis tell each other: one script, one round trip."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from tradingbot.adapters.redis_shelf import Asking, Shelf, block_of
from tradingbot.kit import ids
from tradingbot.kit.budget import Ask

SILENT_MS = 5_000  # who was not heard for so long needs no part
KEPT_MS = 10_000  # beyond two windows

NAMES = ("budget:alive", "budget:born", "budget:pauses")
# Everybody who asks gets all of it or none. `known` is what was counted before Redis lost it,
# `unseen` what was taken while it was away. Redis's own clock says only who is alive and how long
# a pause still is: windows are named by who asks, for they are the exchange's.
SCRIPT = """
local said = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, said.me)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - said.silent)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + 1, '+inf')
redis.call('SET', KEYS[2], said.id, 'NX')

local function quiet(kept)
  local id, ends, length = string.match(kept or '', '(%S+) (%S+) (%S+)')
  return id, math.min((ends or 0) - now, length or 0)
end
for name, pause in pairs(said.pauses) do
  local _, left = quiet(redis.call('HGET', KEYS[3], name))
  if pause[2] > left then
    redis.call('HSET', KEYS[3], name, pause[1] .. ' ' .. (now + pause[2]) .. ' ' .. pause[2])
  end
end
local pauses, kept = {}, redis.call('HGETALL', KEYS[3])
for i = 1, #kept, 2 do
  local id, left = quiet(kept[i + 1])
  if left > 0 then
    pauses[#pauses + 1] = {kept[i], id, left}
  else
    redis.call('HDEL', KEYS[3], kept[i])
  end
end

local function count(key, known)
  return math.max(tonumber(redis.call('GET', key) or 0), known)
end
local counts = {}
for n, row in ipairs(said.told) do
  local key, known, unseen, kept_ms = KEYS[row[1]], row[2], row[3], row[4]
  counts[n] = count(key, known) + unseen
  redis.call('SET', key, counts[n], 'PX', kept_ms)
end

local alive, answers = redis.call('ZCARD', KEYS[1]), {}
for n, asked in ipairs(said.asked) do
  local room, counts, extras = 1, {}, {}
  for i, ask in ipairs(asked) do
    local key, known, cost, ceiling = KEYS[ask[1]], ask[2], ask[3], ask[4]
    counts[i], extras[i] = count(key, known), 0
    if counts[i] + cost > math.max(ceiling, cost) then room = 0 end
  end
  for i, ask in ipairs(asked) do
    if room == 1 then
      local key, cost, ceiling, block, kept_ms = KEYS[ask[1]], ask[3], ask[4], ask[5], ask[6]
      local part = math.floor((ceiling - counts[i] - cost) / (2 * alive))
      extras[i] = math.max(0, math.min(block, part))
      counts[i] = counts[i] + cost + extras[i]
      redis.call('SET', key, counts[i], 'PX', kept_ms)
    end
  end
  answers[n] = {room, counts, extras}
end
return {alive, redis.call('GET', KEYS[2]), pauses, counts, answers}
"""

Row: TypeAlias = list[int]


class Letter:
    """Who asks for what, and what we know that Redis may not."""

    def __init__(
        self,
        me: str,
        askings: Sequence[Asking],
        changed: Iterable[Shelf],
        pauses: Mapping[str, tuple[str, int]],
        *,
        in_blocks: bool,
    ) -> None:
        self.askings = askings
        self.asked = [list(asking.lacking()) for asking in askings]
        self.pauses = pauses
        self.told = {shelf: shelf.unseen for shelf in changed}
        self.keys = list(NAMES)
        self._numbers: dict[Shelf, int] = {}
        self._in_blocks = in_blocks
        self._with_block: set[Shelf] = set()
        self.text = orjson.dumps(
            {
                "me": me,
                "id": ids.new_uid(),
                "silent": SILENT_MS,
                "pauses": pauses,
                "told": [self._known(*row) for row in self.told.items()],
                "asked": [[self._ask(*row) for row in asked] for asked in self.asked],
            }
        )

    def delivered(self, counts: Sequence[int]) -> None:
        for (shelf, unseen), count in zip(self.told.items(), counts, strict=True):
            shelf.settle(unseen, count)

    def answered(self, answers: Sequence[Sequence[Any]]) -> Iterable[Asking]:
        """Each one who asked, when he has been given what there was for him."""
        for asking, asked, (room, counts, extras) in zip(
            self.askings, self.asked, answers, strict=True
        ):
            for (ask, shelf), count, extra in zip(asked, counts, extras, strict=True):
                shelf.used = max(shelf.used, count)
                shelf.hold(extra, ask.share)
            if room:
                asking.grant()
            yield asking

    def _known(self, shelf: Shelf, unseen: int) -> Row:
        return [self._number(shelf), shelf.used, unseen, _kept_ms(shelf)]

    def _ask(self, ask: Ask, shelf: Shelf) -> Row:
        # One block for all who ask at once: the next ones are paid from it.
        alone = not self._in_blocks or shelf in self._with_block
        block = 0 if alone else block_of(ask, shelf)
        self._with_block.add(shelf)
        return [self._number(shelf), shelf.used, ask.cost, ask.ceiling, block, _kept_ms(shelf)]

    def _number(self, shelf: Shelf) -> int:
        """Its place among the keys; Lua counts from 1."""
        if shelf not in self._numbers:
            self.keys.append(shelf.key)
            self._numbers[shelf] = len(self.keys)
        return self._numbers[shelf]


def _kept_ms(shelf: Shelf) -> int:
    return 2 * shelf.length + KEPT_MS
