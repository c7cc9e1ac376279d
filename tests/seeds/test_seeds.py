"""No seed breaks anything; each planted bug is found by one; and a seed is the same every time."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.seeds.mutants import MUTANTS, Mutant, first_caught
from tests.seeds.script import live

SEEDS = range(200)
CAUGHT_WITHIN = range(1_000)
ROOT = Path(__file__).parents[2]
REPLAYED = range(20)


def test_no_seed_breaks_anything() -> None:
    broken = {life.seed: life.broken for seed in SEEDS if (life := live(seed)).broken}
    assert broken == {}


def test_something_happens_in_them() -> None:
    lives = [live(seed) for seed in range(40)]
    assert sum(life.posts for life in lives) > 100
    assert sum(life.fills for life in lives) > 60
    assert all(life.moments > 20 for life in lives)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_planted_bug_is_found(mutant: Mutant) -> None:
    life = first_caught(mutant, CAUGHT_WITHIN)
    assert life is not None
    sys.stdout.write(f"{mutant.__name__}: seed {life.seed}: {life.broken}\n")
    assert live(life.seed).broken is None  # it was the bug, and nothing else


@pytest.mark.parametrize("seed", REPLAYED)
def test_a_seed_is_the_same_every_time(seed: int) -> None:
    first = live(seed, digest=True)
    live(seed + 1)
    assert live(seed, digest=True) == first


def test_another_seed_is_another_life() -> None:
    assert live(1, digest=True).digest != live(2, digest=True).digest


def test_a_seed_does_not_depend_on_how_python_hashes() -> None:
    digests = {said(hash_seed) for hash_seed in ("1", "2")}
    assert len(digests) == 1


def said(hash_seed: str) -> str:
    """The digest of one seed as the command line tells it."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.seeds", "--seed", "7"],
        cwd=ROOT,
        env={"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"digest (\w+)", told.stdout)
    assert found is not None
    return found[1]


@pytest.mark.timeout(300)
def test_several_jobs_live_through_the_same_seeds() -> None:
    told = [tally("--count=100", f"--jobs={jobs}") for jobs in (1, 2)]
    assert told[0] == told[1]
    assert told[0].startswith("100 seeds, ")


def tally(*arguments: str) -> str:
    """The last line that is said of many seeds, without their pace."""
    command = [sys.executable, "-m", "tests.seeds", *arguments]
    told = subprocess.run(  # noqa: S603  # our own command
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return told.stdout.splitlines()[-1].partition(";")[0]
