"""Test 14: refusals in storms, four processes, twenty accounts each, one address.

Binance's form of it: Bybit counts each account and endpoint for itself, and shuts out an address
only for what no fleet of ours comes near (`tests/adapters/test_ccxt_limits.py`).
"""

from tests.adapters.rate_storm import storm
from tests.chaos.scene import Stage
from tests.chaos.verdict import Verdict
from tradingbot.local.servers import ValkeyServer

PROCESSES, ACCOUNTS = 4, 20
WEIGHT_PER_SECOND = 286
USED_SHARE_MAX = 0.9
CANCEL_SECONDS_MAX = 2.0


async def run(stage: Stage) -> list[Verdict]:
    seconds = stage.size(short=14, long=45)  # all of it within one of the exchange's minutes
    valkey = ValkeyServer(stage.directory)
    await valkey.start()
    try:
        outcome = await storm(
            valkey.url,
            stage.directory,
            seconds=seconds,
            processes=PROCESSES,
            accounts=ACCOUNTS,
            weight=seconds * WEIGHT_PER_SECOND,
        )
    finally:
        await valkey.stop()
    storms = outcome.refused["storm"]
    asked = f"{PROCESSES} processes × {ACCOUNTS} accounts, {storms} times refused in storms"
    verdict = Verdict(14, "binance", stage.seed, asked)
    verdict.at_least("refused in storms", storms, 1)
    verdict.at_most("of the limit used", round(outcome.used_share, 3), USED_SHARE_MAX)
    verdict.exactly("429 of our own making", outcome.refused["429"], 0)
    verdict.exactly("418 of our own making", outcome.refused["418"], 0)
    verdict.at_least("cancels", len(outcome.cancel_seconds), 50)
    verdict.in_time("p99 of a cancel", round(outcome.cancel_p99(), 2), CANCEL_SECONDS_MAX)
    return [verdict]
