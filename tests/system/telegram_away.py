"""Telegram is away while bots trade: `python -m tests.system.telegram_away --seconds 600`."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.notifications.ways import counted, tellings
from tests.system.running import System, running, until
from tests.telegram.doorway import TOKEN, Doorway, open_doorway
from tests.telegram.phone import Phone

LINK = "/api/notifications/telegram/link"
SETTINGS = "/api/notifications/settings"
HEARD = ["order_placed", "order_filled"]
PENDING = "/api/notifications?status=pending"
BACK_SECONDS = 120.0  # a courier looks every minute


@dataclass(frozen=True)
class Away:
    """Orders filled meanwhile; what was told afterwards, in how many messages, and how soon."""

    seconds: float
    filled: int
    told: int
    messages: int
    lost: int
    doubled: int
    dead: int
    seconds_after: float


async def connect(system: System, phone: Phone) -> None:
    async def link() -> Any:
        return (await system.call("POST", LINK))[1].get("command")

    await phone.ask(await until(link, 30, "a bot that has said its name"))
    settings = {"enabled_events": HEARD, "max_per_minute": 600}
    status, _ = await system.call("PUT", SETTINGS, settings)
    assert status == 200


async def away(system: System, doorway: Doorway, seconds: float) -> Away:
    """Of a system whose user has a phone, and a bot that trades until this is over."""
    loop = asyncio.get_running_loop()
    filled, before = await _filled(system), list(doorway.written)
    doorway.down = True
    await asyncio.sleep(seconds)
    doorway.down = False
    back, meanwhile = loop.time(), await _filled(system) - filled

    async def told() -> bool:
        """Something is, and then all of it that was there."""
        return len(doorway.written) > len(before) and not await system.everything(PENDING)

    status, _ = await system.call("POST", "/api/bots/1/stop", {"on_stop": "keep"})
    assert status in {200, 202}
    await until(told, BACK_SECONDS, "everything told")
    told_after = loop.time() - back
    every = [
        each
        for one in await system.everything("/api/notifications")
        for each in one["deliveries"]
        if each["channel"] == "telegram"
    ]
    known = {str(each.message_id) for each in before}
    late = {number: str(each["reference"]) for number, each in enumerate(every)}
    late = {number: reference for number, reference in late.items() if reference not in known}
    messages = doorway.written[len(before) :]
    lost, doubled = counted(tellings(messages), late)
    dead = sum(each["status"] == "dead" for each in every)
    return Away(
        seconds, meanwhile, len(late), len(messages), lost, doubled, dead, round(told_after, 1)
    )


async def _filled(system: System) -> int:
    return len(await system.everything("/api/orders?status=filled"))


async def whole(seconds: float, directory: Path) -> Away:
    """A system with one bot, Telegram away for so long."""
    async with open_doorway() as doorway:
        access = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": doorway.url}
        os.environ.update(access)  # noqa: TID251  # the system is a child of ours
        async with running(directory, "--speed=240") as system:
            await system.sign_in()
            await connect(system, Phone(doorway))
            await system.create_bot()

            async def trades() -> bool:
                return bool(await _filled(system))

            await until(trades, 60, "a filled order")
            return await away(system, doorway, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="away-") as directory:
        found = asyncio.run(whole(asked.seconds, Path(directory) / "data"))
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    main()
