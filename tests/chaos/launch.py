"""One process of ours, which may die where it is told to: `python -m tests.chaos.launch`.

    python -m tests.chaos.launch bot-worker --die-at claimed --share 0.05 --seed 3

Everything else it takes from the environment, as `tradingbot bot-worker` does.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from tests.chaos.points import POINTS
from tests.chaos.threats import Threat

SLEEP_SECONDS_MAX = 60.0


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.launch", description=__doc__)
    parser.add_argument(
        "process", choices=["api", "bot-worker", "order-monitor", "exchange", "sleeper"]
    )
    parser.add_argument("--die-at", action="append", default=[], choices=sorted(POINTS))
    parser.add_argument("--share", type=float, default=1.0, help="of all passings of the point")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--note", type=Path, default=Path("/dev/stderr"), help="deaths go there")
    parser.add_argument("--options", default="{}", help="of the exchange, as JSON")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Run it until it is told to stop, or struck."""
    asked = parsed(arguments)
    for name in asked.die_at:
        chance = Random(f"{asked.seed}:{name}")  # noqa: S311  # a death must be repeatable
        Threat(POINTS[name], asked.process, asked.share, chance, asked.note).arm()
    if asked.process == "sleeper":  # for tests of birth and death themselves
        time.sleep(SLEEP_SECONDS_MAX)
        return
    if asked.process == "exchange":
        from tests.chaos import exchange  # noqa: PLC0415  # slow, and nobody else needs it

        exchange.main(asked.options)
        return
    from tradingbot import settings as environment  # noqa: PLC0415  # after what was armed
    from tradingbot.processes import api, bot_worker, order_monitor  # noqa: PLC0415  # as above

    settings = environment.load(*environment.EVERYTHING)
    match asked.process:
        case "api":
            api.main(settings)
        case "bot-worker":
            bot_worker.main(settings, "all")
        case _:
            order_monitor.main(settings)


if __name__ == "__main__":
    main(sys.argv[1:])
