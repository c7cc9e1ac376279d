"""`python -m tests.seeds`: live through many seeds, or through one again, moment by moment."""

import argparse
import sys
from collections.abc import Sequence
from time import monotonic

from tests.seeds.many import lives
from tests.seeds.script import live
from tests.seeds.world import Life

PROGRESS_SECONDS = 10.0
FAILURES_TOLD = 10


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.seeds", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="how many seeds (1,000)")
    parser.add_argument("--start", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at once (1)")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--trace", action="store_true", help="tell each moment of --seed")
    given = parser.parse_args(arguments)
    if given.seed is not None:
        return _one(given.seed, trace=given.trace)
    return _many(range(given.start, given.start + given.count), given.jobs)


def _one(seed: int, *, trace: bool) -> int:
    life = live(seed, trace=say if trace else None, digest=True)
    say(
        f"seed {seed}: {life.moments} moments in {life.seconds:.1f} simulated seconds, "
        f"{life.posts} orders sent, {life.fills} fills, digest {life.digest}"
    )
    say(f"BROKEN: {life.broken}" if life.broken else "nothing broken")
    return 1 if life.broken else 0


def _many(seeds: range, jobs: int) -> int:
    begun = told = monotonic()
    done, orders, broken = 0, 0, 0
    for chunk in lives(seeds, jobs):
        for life in chunk:
            done += 1
            orders += life.posts
            if life.broken is not None:
                broken += 1
                if broken <= FAILURES_TOLD:
                    _tell(life)
        if monotonic() - told > PROGRESS_SECONDS:
            told = monotonic()
            say(_summary(done, orders, broken, told - begun))
    say(_summary(done, orders, broken, monotonic() - begun))
    return 1 if broken else 0


def _tell(life: Life) -> None:
    for moment in life.last:
        say(f"    {moment}")
    say(f"seed {life.seed} BROKEN: {life.broken}")
    say(f"    again: python -m tests.seeds --seed {life.seed} --trace")


def _summary(done: int, orders: int, broken: int, seconds: float) -> str:
    pace = done / seconds * 60
    return f"{done:,} seeds, {orders:,} orders sent, {broken} broken; {pace:,.0f} seeds a minute"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
