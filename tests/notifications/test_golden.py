"""Every message as people read it; GOLDEN=write writes the pages anew, to be read in the diff."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.notifications.samples import ORDER, SAMPLES
from tradingbot.events.schemas import EventType
from tradingbot.notifications.messages import LANGUAGES, TEST, Happened, Telling, digest, tell

GOLDEN = Path(__file__).parent / "golden"
NOON = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def shown(name: str, telling: Telling) -> str:
    width = max((len(label) for label, _ in telling.facts), default=0)
    facts = [f"  {label:{width}}  {value}" for label, value in telling.facts]
    advice = [f"> {telling.advice}"] if telling.advice else []
    return "\n".join([f"[{name}]", telling.title, *facts, *advice, f"= {telling.text}", ""])


def everything(language: str) -> str:
    tellings = [shown(kind, tell(kind, data, language)) for kind, data in SAMPLES.items()]
    tellings.append(shown(TEST, tell(TEST, {"channel": "webhook"}, language)))
    return "\n".join(tellings)


def happened(kinds: dict[EventType, int]) -> list[Happened]:
    each = [kind for kind, count in kinds.items() for _ in range(count)]
    return [
        Happened(kind, SAMPLES[kind], NOON + timedelta(seconds=10 * number))
        for number, kind in enumerate(each)
    ]


def digests(language: str) -> str:
    fills = happened({EventType.ORDER_FILLED: 23})
    other = ORDER | {"symbol": "ETH/BTC", "profit": "0.00012", "average_price": "0.03"}
    mixed = happened(
        {
            EventType.ORDER_FILLED: 8,
            EventType.ORDER_PLACED: 5,
            EventType.BOT_ERROR: 1,
            EventType.ACCOUNT_WARNING: 1,
            EventType.DEAL_CLOSED: 2,
        }
    )
    mixed.append(Happened(EventType.ORDER_FILLED, other, NOON + timedelta(days=1)))
    return "\n".join(
        [
            shown("23 fills", digest(fills, language, BERLIN)),
            shown("a day of all sorts", digest(mixed, language, BERLIN)),
        ]
    )


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize(("name", "page"), [("messages", everything), ("digests", digests)])
def test_people_read_what_is_on_the_page(language: str, name: str, page: object) -> None:
    assert callable(page)
    path = GOLDEN / f"{name}.{language}.txt"
    if os.environ.get("GOLDEN") == "write":  # noqa: TID251  # a test has no settings
        path.write_text(page(language))
    assert page(language) == path.read_text()


def test_every_kind_of_event_is_on_the_page() -> None:
    assert set(SAMPLES) == set(EventType)
