"""One pace for all processes, on Redis or Valkey; half of it each while that is away."""

from collections.abc import Sequence
from contextlib import suppress
from math import ceil

from tradingbot.kit.outage import Outage
from tradingbot.kit.pace import OwnPace
from tradingbot.kit.redis_connection import AWAY, connect

ANSWER_SECONDS = 0.5
AWAY_SLOWER = 2.0  # as if one other process went on beside us

# A key stands until its next turn comes, then it ends by itself: all in Redis's own time.
SCRIPT = """
local wait = 0
for i = 1, #KEYS do
    local left = redis.call('PTTL', KEYS[i])
    if left > wait then wait = left end
end
if wait > 0 then return wait end
for i = 1, #KEYS do redis.call('SET', KEYS[i], '', 'PX', ARGV[i]) end
return 0
"""


class RedisPace:
    """See kit.pace.Pace."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url, answer_seconds=ANSWER_SECONDS)
        self._script = self._redis.register_script(SCRIPT)
        self._own = OwnPace(slower=AWAY_SLOWER)
        self._outage = Outage("pace")

    async def turn(self, keys: Sequence[tuple[str, float]]) -> float:
        names = [f"pace:{key}" for key, _ in keys]
        spacings = [max(1, ceil(spacing * 1000)) for _, spacing in keys]
        try:
            wait_ms = int(await self._script(names, spacings))
        except AWAY as error:
            self._outage.failed(error)
            return await self._own.turn(keys)
        self._outage.over()
        if wait_ms == 0:
            self._own.took(keys)  # so that it goes on from here when Redis goes away
        return wait_ms / 1000

    async def close(self) -> None:
        with suppress(*AWAY):
            await self._redis.aclose()
