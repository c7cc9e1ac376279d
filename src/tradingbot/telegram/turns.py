"""How fast Telegram lets us write, and who goes first: an answer before what is told unasked."""

from tradingbot.kit.pace import Pace, wait_for_turn

# Telegram's own limits are 30 a second and one a second for each chat, where they arrive: some may
# be slower on their way than those after them.
SECONDS_ALL = 1 / 25
SECONDS_CHAT = 1.25
# What is told leaves a fifth of the line free, so that no answer waits behind it.
SECONDS_TOLD = 1 / 20


class Turns:
    def __init__(self, pace: Pace, bot_id: int) -> None:
        self._pace = pace
        self._name = f"telegram:{bot_id}"

    async def to_answer(self, chat_id: int) -> None:
        await wait_for_turn(self._pace, [self._all(), self._chat(chat_id)])

    async def to_change(self) -> None:
        """What stands there already is no new message in the chat."""
        await wait_for_turn(self._pace, [self._all()])

    async def to_tell(self, chat_id: int) -> None:
        told = (f"{self._name}:told", SECONDS_TOLD)
        await wait_for_turn(self._pace, [self._all(), told, self._chat(chat_id)])

    def _all(self) -> tuple[str, float]:
        return self._name, SECONDS_ALL

    def _chat(self, chat_id: int) -> tuple[str, float]:
        return f"{self._name}:{chat_id}", SECONDS_CHAT
