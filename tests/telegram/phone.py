"""A person with Telegram in hand: says something, presses buttons, reads what comes."""

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Any

from tests.telegram.doorway import TOKEN, Doorway, Written

ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Read:
    """A message of the bot as it stands, with what its buttons say when pressed."""

    message_id: int
    text: str
    buttons: dict[str, str]


@dataclass
class Phone:
    doorway: Doorway
    chat_id: int = 1001
    kind: str = "private"
    language: str = "en"
    name: str = "Ann"
    seen: int = 0

    async def ask(self, text: str) -> Read:
        """Say it, and read the answer."""
        self.look_away()
        await self.say(text)
        return await self.reads()

    async def press(self, read: Read, label: str) -> Read:
        """The first button whose label begins like this, and what stands there then."""
        asks = next(asks for shown, asks in read.buttons.items() if shown.startswith(label))
        return await self.press_asking(read, asks)

    async def press_asking(self, read: Read, asks: str) -> Read:
        self.look_away()
        await self.tap(read, asks)
        return await self.reads()

    async def tap(self, read: Read, asks: str) -> None:
        message = {"message_id": read.message_id, "date": 1, "chat": self._chat(), "text": "…"}
        about = {"from": self._person(), "message": message, "data": asks, "botToken": TOKEN}
        await self._post("sendCallback", about)

    async def say(self, text: str) -> None:
        about: dict[str, Any] = {"from": self._person(), "chat": self._chat(), "date": 1}
        await self._post("sendMessage", {**about, "text": text, "botToken": TOKEN})

    def look_away(self) -> None:
        """Only what comes from now on is read."""
        self.seen = len(self.doorway.written)

    async def reads(self, seconds: float = ANSWER_SECONDS) -> Read:
        """What the bot writes or changes next in this chat, as the emulator has it."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            new = self.doorway.written[self.seen :]
            mine = next((each for each in new if each.chat_id == self.chat_id), None)
            if mine is not None:
                self.seen += new.index(mine) + 1
                return await self._read(mine)
            await asyncio.sleep(0.02)
        before = [each.text for each in self.doorway.written]
        raise AssertionError(
            f"nothing was written to {self.chat_id} within {seconds} s; before that: {before}"
        )

    async def _read(self, written: Written) -> Read:
        for kept in await self.doorway.history():
            message = kept.get("message", {})
            if kept.get("messageId") == written.message_id and "chat_id" in message:
                rows = (message.get("reply_markup") or {}).get("inline_keyboard", [])
                buttons = {one["text"]: one["callback_data"] for row in rows for one in row}
                return Read(written.message_id, message["text"], buttons)
        raise AssertionError(f"the emulator has no message {written.message_id}")

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with self.doorway.http.post(f"{self.doorway.emulator}/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()

    def _person(self) -> dict[str, Any]:
        return {
            "id": abs(self.chat_id),
            "is_bot": False,
            "first_name": self.name,
            "language_code": self.language,
        }

    def _chat(self) -> dict[str, Any]:
        return {"id": self.chat_id, "type": self.kind, "first_name": self.name, "title": self.name}
