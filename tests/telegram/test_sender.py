"""What happened, told in a chat: at Telegram's pace, in its markup, and what it answers obeyed."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.telegram.doorway import TOKEN, Doorway
from tests.telegram.phone import Phone
from tradingbot.adapters.telegram_line import TelegramLine
from tradingbot.adapters.telegram_sender import TelegramSender, screen_of
from tradingbot.kit.pace import OwnPace
from tradingbot.notifications.errors import CannotDeliver, Later
from tradingbot.notifications.ports import Message
from tradingbot.telegram.errors import TelegramAway, TokenRefused
from tradingbot.telegram.turns import Turns

CHAT = 1001


def a_message(**changes: object) -> Message:
    plain = {
        "delivery_ids": (1,),
        "user_id": 1,
        "address": str(CHAT),
        "event_type": "order_filled",
        "language": "en",
        "title": "Order filled",
        "facts": (("Bot", "My <grid>"), ("Price", "60,000.00 USDT")),
        "advice": "Look & see.",
        "text": "",
        "data": {},
        "happened_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Message(**(plain | changes))  # type: ignore[arg-type]  # the fields above, each by name


@pytest.fixture
def moves() -> list[tuple[int, int]]:
    return []


@pytest.fixture
def sender(line: TelegramLine, moves: list[tuple[int, int]]) -> TelegramSender:
    async def moved(old: int, new: int) -> None:
        moves.append((old, new))

    return TelegramSender(line, Turns(OwnPace(), line.bot_id), moved)


async def test_a_message_arrives_with_its_names_escaped_and_its_number_is_the_receipt(
    sender: TelegramSender, doorway: Doorway
) -> None:
    receipt = await sender.send(a_message())
    read = await Phone(doorway, CHAT).reads()
    assert read.text == (
        "<b>Order filled</b>\nBot: My &lt;grid&gt;\nPrice: 60,000.00 USDT\n<i>Look &amp; see.</i>"
    )
    assert receipt.reference == str(read.message_id)


async def test_what_is_too_long_is_cut_between_its_lines(
    sender: TelegramSender, doorway: Doorway
) -> None:
    facts = tuple((f"Fact {number}", "<" * 5000) for number in range(20))
    await sender.send(a_message(facts=facts))
    read = await Phone(doorway, CHAT).reads()
    assert len(read.text) <= 4096
    assert read.text.endswith("\n…")
    assert read.text.count("<b>") == read.text.count("</b>") == 1


async def test_a_blocked_chat_and_one_that_never_was_are_gone(
    sender: TelegramSender, doorway: Doorway
) -> None:
    doorway.blocked.add(CHAT)
    with pytest.raises(CannotDeliver, match="blocked by the user") as blocked:
        await sender.send(a_message())
    assert blocked.value.gone
    doorway.unknown.add(4)
    with pytest.raises(CannotDeliver, match="chat not found") as unknown:
        await sender.send(a_message(address="4"))
    assert unknown.value.gone
    with pytest.raises(CannotDeliver) as nowhere:
        await sender.send(a_message(address=""))
    assert not nowhere.value.gone


async def test_a_group_that_became_a_supergroup_is_followed(
    sender: TelegramSender, doorway: Doorway, moves: list[tuple[int, int]]
) -> None:
    doorway.moved[-5] = -1005
    await sender.send(a_message(address="-5"))
    assert (await Phone(doorway, -1005).reads()).text.startswith("<b>Order filled</b>")
    assert moves == [(-5, -1005)]


async def test_it_waits_as_long_as_telegram_says(sender: TelegramSender, doorway: Doorway) -> None:
    doorway.faults = 2.0  # 429, always
    with pytest.raises(Later) as later:
        await sender.send(a_message())
    assert later.value.seconds == 1


@pytest.mark.parametrize("trouble", ["down", "nobody"])
async def test_telegram_away_is_said_without_the_token(
    sender: TelegramSender, doorway: Doorway, trouble: str
) -> None:
    if trouble == "down":
        doorway.down = True
        with pytest.raises(TelegramAway) as away:
            await sender.send(a_message())
    else:
        line = TelegramLine(TOKEN, "http://127.0.0.1:1")
        with pytest.raises(TelegramAway) as away:
            await line.username()
        await line.close()
    assert TOKEN not in str(away.value)
    assert away.value.__cause__ is None


async def name_of_the_bot(token: str, doorway: Doorway) -> str:
    line = TelegramLine(token, doorway.url)
    try:
        return await line.username()
    finally:
        await line.close()


@pytest.mark.parametrize("token", ["666000:somebody-elses-token-0123456789abcdef", "nonsense", ""])
async def test_a_wrong_token_is_said_to_be_and_not_shown(doorway: Doorway, token: str) -> None:
    with pytest.raises(TokenRefused, match="TELEGRAM_BOT_TOKEN") as refused:
        await name_of_the_bot(token, doorway)
    assert not token or token not in str(refused.value)


async def test_no_limit_is_passed_whoever_is_told_and_nobody_waits_behind_another(
    sender: TelegramSender, doorway: Doorway
) -> None:
    async def tell(chat_id: int, times: int) -> None:
        for _ in range(times):
            await sender.send(a_message(address=str(chat_id)))

    async with asyncio.timeout(20):
        await asyncio.gather(tell(1, 4), *(tell(chat_id, 1) for chat_id in range(2, 62)))
    assert doorway.violations == []
    assert len(doorway.written) == 64
    first, last = doorway.written[0].at, doorway.written[-1].at
    assert last - first > 3  # 20 a second
    assert sum(each.chat_id == 1 for each in doorway.written[:40]) < 4


def test_a_title_may_be_anything() -> None:
    assert screen_of(a_message(title="<script>\n&", facts=(), advice="")).text == (
        "<b>&lt;script&gt; &amp;</b>"
    )
