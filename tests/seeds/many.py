"""Many seeds, one after the other or several at once."""

import gc
import multiprocessing
from collections.abc import Iterable, Iterator

from tests.seeds.script import live
from tests.seeds.world import Life

CHUNK = 50


def lives(seeds: range, jobs: int) -> Iterator[list[Life]]:
    """A chunk at a time, each as soon as it was lived; with several jobs in no order."""
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    if jobs == 1:
        yield from map(_chunk, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(_chunk, chunks)


def _chunk(seeds: Iterable[int]) -> list[Life]:
    """Without the rubbish collector: it would look through everything for what little is new."""
    gc.disable()
    gc.freeze()
    lives = [live(seed) for seed in seeds]
    gc.collect()
    gc.enable()
    return lives
