"""The same storm by each channel, with what is on its other side."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace

from tests.adapters.mail_host import MailHost, mail_host
from tests.notifications.receiver import Receiver, receiving
from tests.notifications.storm import Outcome, Storm, rage
from tests.telegram.doorway import TOKEN, Doorway, Written, open_doorway
from tradingbot.kit import clock

REFUSING = 0.1
MAX_PER_MINUTE = 600
WEBHOOK = Storm("webhook", ["notifier"] * 3)
TELEGRAM = Storm("telegram", ["notifier"] * 2 + ["telegram-bot"] * 2)
EMAIL = Storm("email", ["notifier"] * 2 + ["email-worker"] * 2)


def tells_of(title: str) -> int:
    """Of how many a message tells by its title: only that of a digest has a number."""
    number = re.search(r"\d[\d,]*", title)
    return int(number[0].replace(",", "")) if number else 1


def counted(got: Iterable[tuple[str, int]], sent: Mapping[int, str]) -> tuple[int, int]:
    """Lost and doubled, by what arrived: each message's number, and of how many it tells.

    One whose number was never noted has been told again by another.
    """
    expected = Counter(sent.values())
    lost, doubled = Counter(expected), 0
    for reference, tells in got:
        if lost[reference]:
            doubled += max(0, tells - lost[reference])
            lost[reference] = max(0, lost[reference] - tells)
        else:
            doubled += tells
    return lost.total(), doubled


def tellings(written: Iterable[Written]) -> list[tuple[str, int]]:
    return [(str(each.message_id), tells_of(each.text.partition("\n")[0])) for each in written]


class Chats:
    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway

    def told(self) -> int:
        return sum(tells for _, tells in tellings(self._doorway.written))

    def count(self, sent: Mapping[int, str]) -> tuple[int, int]:
        return counted(tellings(self._doorway.written), sent)


class Mailboxes:
    def __init__(self, host: MailHost) -> None:
        self._host = host

    def told(self) -> int:
        return sum(tells for _, tells in self._got())

    def count(self, sent: Mapping[int, str]) -> tuple[int, int]:
        return counted(self._got(), sent)

    def _got(self) -> list[tuple[str, int]]:
        return [
            (mail["Message-ID"], tells_of(mail["Subject"].partition(" · ")[0]))
            for mail in self._host.got
        ]


async def by_webhook(storm: Storm, database_url: str, redis_url: str) -> Outcome:
    """To web addresses of ours, one for each user."""
    async with receiving(Receiver(seed=storm.seed, refusing=REFUSING)) as receiver:

        def chosen(user_id: int) -> dict[str, object]:
            url = f"{receiver.url}/{user_id}"
            return {"webhook_enabled": True, "webhook_url": url, "max_per_minute": MAX_PER_MINUTE}

        storm = replace(storm, environment={"WEBHOOK_ALLOW_PRIVATE": "true"})
        return await rage(storm, database_url, redis_url, receiver, chosen)


async def by_telegram(storm: Storm, database_url: str, redis_url: str) -> Outcome:
    """To a chat for each user. Raises AssertionError when a limit of Telegram's was passed."""

    def chosen(user_id: int) -> dict[str, object]:
        chat = {"telegram_enabled": True, "telegram_chat_id": user_id}
        return {**chat, "max_per_minute": MAX_PER_MINUTE}

    async with open_doorway() as doorway:
        doorway.faults = REFUSING
        access = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_API_URL": doorway.url}
        storm = replace(storm, environment=access)
        outcome = await rage(storm, database_url, redis_url, Chats(doorway), chosen)
        assert doorway.refused > 0
        assert doorway.violations == [], doorway.violations[:5]
        return outcome


async def by_email(storm: Storm, database_url: str, redis_url: str) -> Outcome:
    """To a proven address for each user."""
    proven = clock.SystemClock().now()

    def chosen(user_id: int) -> dict[str, object]:
        mailbox = {"email_address": f"p{user_id}@example.com", "email_verified_at": proven}
        return {"email_enabled": True, **mailbox, "max_per_minute": MAX_PER_MINUTE}

    async with mail_host() as host:
        host.refusing = REFUSING
        server = {
            "SMTP_URL": f"smtp://127.0.0.1:{host.port}",
            "MAIL_FROM": "Bots <bots@example.com>",
        }
        storm = replace(storm, environment=server)
        outcome = await rage(storm, database_url, redis_url, Mailboxes(host), chosen)
        assert host.refused > 0
        return outcome


WAYS: Mapping[str, tuple[Storm, Callable[[Storm, str, str], Awaitable[Outcome]]]] = {
    "webhook": (WEBHOOK, by_webhook),
    "telegram": (TELEGRAM, by_telegram),
    "email": (EMAIL, by_email),
}
