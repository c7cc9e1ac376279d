"""Where a chat is told why, it is told in its language."""

from dataclasses import replace

import pytest

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
    ):
        assert shown in screen.text
