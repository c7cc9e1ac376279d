"""Where a chat is told why, it is told in its language."""

from dataclasses import replace

import pytest

from tests.telegram.conftest import Town
from tests.telegram.gallery import ACCOUNT, CALM, EARNED, EVENTS, LEDGER
from tradingbot.telegram import bot_screens, money_screens
from tradingbot.telegram.words import Words

NO_MONEY = "it needs 1,000 USDT, and the account has 3.5 USDT that belong to no bot"
SHOWN = {"en": NO_MONEY, "ru": "нужно 1 000 USDT, а свободно на счёте 3,5 USDT"}


@pytest.mark.parametrize(("language", "shown"), SHOWN.items())
def test_a_reason_is_said_in_the_language_of_the_chat(language: str, shown: str) -> None:
    words = Words(language)
    bot = replace(CALM, status="error", status_reason=NO_MONEY)
    event = EVENTS[0].model_copy(update={"message": f"{bot.name}: {NO_MONEY}"})
    account = ACCOUNT.model_copy(update={"held_reason": NO_MONEY})
    for screen in (
        bot_screens.bot(words, bot, EARNED, acts=True),
        bot_screens.why(words, bot, [event], None),
        money_screens.balance(words, [(account, LEDGER)], None),
        money_screens.panicked(words, 1, 0, [NO_MONEY]),
    ):
        assert shown in screen.text


async def test_a_refusal_is_said_in_the_language_of_the_chat(town: Town) -> None:
    await town.api.bot(town.token)
    await town.phone.ask("/lang ru")
    await town.phone.ask("/stopbot 1 cancel")
    refused = await town.phone.ask("/startbot 1 yes")
    assert "он останавливается: запустите его снова, когда остановится" in refused.text
