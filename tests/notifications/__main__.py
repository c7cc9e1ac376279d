"""`make storm`: ten thousand notifications by each channel, with their carriers killed."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from tests.notifications.ways import WAYS
from tradingbot.kit.schema import migrate
from tradingbot.local.servers import PostgresServer, ValkeyServer

PATIENCE_SECONDS = 3600.0
# Of what was told; a channel cannot know what a killed process had sent and not noted.
DOUBLED_MAX = 0.001


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__)
    parser.add_argument("--channel", choices=list(WAYS), help="default: one after the other")
    for name, count in {"messages": 10_000, "users": 500, "kills": 30, "seed": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    return parser.parse_args(arguments)


async def one(channel: str, asked: argparse.Namespace) -> bool:
    """Whether it held: nothing lost or given up, and hardly anything told twice."""
    storm, by = WAYS[channel]
    counts = {name: getattr(asked, name) for name in ("messages", "users", "kills", "seed")}
    storm = replace(storm, **counts, patience=PATIENCE_SECONDS, say=_say)
    with tempfile.TemporaryDirectory(prefix="storm-") as directory:
        postgres, valkey = PostgresServer(Path(directory)), ValkeyServer(Path(directory))
        await postgres.start()
        await valkey.start()
        try:
            await migrate(postgres.url)
            outcome = await by(storm, postgres.url, valkey.url)
        finally:
            await valkey.stop()
            await postgres.stop()
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
    sys.stdout.flush()
    doubled_max = min(DOUBLED_MAX * outcome.told, outcome.in_hand)
    return (outcome.lost, outcome.dead) == (0, 0) and outcome.doubled <= doubled_max


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")


async def main(arguments: Sequence[str]) -> int:
    asked = parsed(arguments)
    channels = [asked.channel] if asked.channel else list(WAYS)
    return 0 if all([await one(channel, asked) for channel in channels]) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
