"""`make chaos`: the fault tests at full length, one line each, and 1 at the end if one failed."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from tests.chaos import soak
from tests.chaos.catalogue import ONCE, TESTS, Run
from tests.chaos.family import nursery
from tests.chaos.scene import Stage
from tests.chaos.verdict import Verdict
from tradingbot.kit.log import configure

EXCHANGES = ("binance", "bybit")
# Asked for by name only: it takes an hour and more.
SOAK = 20

console = Console(highlight=False, markup=False, soft_wrap=True)


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    numbers = sorted(number for group in TESTS for number in group)
    parser.add_argument("--only", help=f"numbers of tests, with commas: {numbers}")
    parser.add_argument("--exchange", choices=[*EXCHANGES, "both"], help="default: one by one")
    parser.add_argument("--seed", type=int, default=7, help="the same seed, the same plan")
    parser.add_argument("--orders", type=int, help="how many, or what else the test counts")
    parser.add_argument("--short", action="store_true", help="as in `make test`")
    parser.add_argument("--hours", type=float, default=1.0, help="of the soak, test 20")
    return parser.parse_args(arguments)


def chosen(asked: argparse.Namespace) -> list[tuple[tuple[int, ...], Run]]:
    soaking = partial(soak.run, hours=asked.hours)
    runs = {group: run if group != (SOAK,) else soaking for group, run in TESTS.items()}
    if asked.only is None:
        return [(group, run) for group, run in runs.items() if group != (SOAK,)]
    wanted = {int(number) for number in asked.only.split(",")}
    unknown = wanted - {number for group in TESTS for number in group}
    if unknown:
        sys.exit(f"chaos: there is no test {', '.join(map(str, sorted(unknown)))}")
    return [(group, run) for group, run in runs.items() if wanted & set(group)]


def turns(asked: argparse.Namespace, group: tuple[int, ...]) -> list[tuple[str, ...]]:
    """Each exchange for itself, unless somebody wants otherwise or the test itself is for all."""
    if asked.exchange == "both" or ONCE.issuperset(group):
        return [EXCHANGES]
    return [(asked.exchange,)] if asked.exchange else [(name,) for name in EXCHANGES]


def play(run: Run, stage: Stage) -> list[Verdict]:
    """Their lines are out when this returns; what a failed one left behind stays to be read."""
    try:
        verdicts = asyncio.run(run(stage))
    except Exception:  # noqa: BLE001  # because one that breaks must not take the others along
        console.print(traceback.format_exc())
        verdicts = [Verdict(0, "+".join(stage.exchanges), stage.seed, "broke off, see above")]
    for verdict in verdicts:
        console.print(str(verdict))
    if all(verdict.passed for verdict in verdicts):
        shutil.rmtree(stage.directory)
    else:
        console.print(f"its logs, journal and database: {stage.directory}")
    return verdicts


def main(arguments: Sequence[str]) -> int:
    asked = parsed(arguments)
    configure("WARNING", "console", "chaos")
    verdicts: list[Verdict] = []
    with nursery() as path:
        for group, run in chosen(asked):
            for exchanges in turns(asked, group):
                stage = Stage(
                    nursery=path,
                    directory=Path(tempfile.mkdtemp(prefix="chaos-")),
                    exchanges=exchanges,
                    seed=asked.seed,
                    long=not asked.short,
                    orders=asked.orders,
                    tell=console.print,
                )
                verdicts += play(run, stage)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    console.print(f"{len(verdicts) - len(failed)} of {len(verdicts)} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
