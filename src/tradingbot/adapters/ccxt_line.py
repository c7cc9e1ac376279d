"""One WebSocket of ccxt's: questions that are answered, and events, each exactly as it came."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import orjson

from tradingbot.adapters.ccxt_wire import Wire

Message: TypeAlias = dict[str, Any]
SECONDS_MAX = 10.0


class LineLost(Exception):  # noqa: N818  # errors are named after what is the case
    """The connection could not be made, or is gone."""


# Under this name stands the text of what came and is no JSON object.
UNREADABLE = "unreadable"


class Words(Protocol):
    """The part of a dialect a line needs."""

    def answer_id(self, message: Message) -> str | None: ...

    def ended(self, message: Message) -> bool: ...


class Line:
    """Opened once, lost once. `hear` gets every event at once; `lost` is called when it ends.

    ccxt does the connecting, decoding, pinging and the noticing of silent peers.
    """

    def __init__(
        self,
        wire: Wire,
        url: str,
        words: Words,
        hear: Callable[[Message], None],
        lost: Callable[[], None],
    ) -> None:
        self.wire = wire
        self.is_lost = False
        self._url = url
        self._words = words
        self._hear = hear
        self._tell_lost = lost
        self._client: Any = None
        self._dialling: set[asyncio.Future[Any]] = set()
        self._number = 0
        self._answers: dict[str, asyncio.Future[Message]] = {}

    async def open(self) -> None:
        """Raise LineLost when no connection comes about."""
        assert self._client is None, "a line is opened once"
        wire: Any = self.wire
        wire.tap = self._take
        self._client = wire.client(self._url)
        self._client.handle_text_or_binary_message = self._decode
        gone = self._client.future("gone")
        gone.add_done_callback(self._gone)
        connected = self._client.connect(wire.session)
        self._dialling = {connected, gone}
        await self._dialled()
        if self.is_lost or not connected.done():
            raise LineLost

    async def ask(self, message: Message, number: str) -> Message:
        """The answer that carries this number. Raise LineLost when none comes."""
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            await self._client.send(message)
            async with asyncio.timeout(SECONDS_MAX):
                return await answer
        except (TimeoutError, OSError) as error:
            raise LineLost from error
        finally:
            del self._answers[number]

    def next_number(self) -> str:
        self._number += 1
        return str(self._number)

    async def close(self) -> None:
        client, wire = self._client, self.wire
        if client is None:
            return
        if not self.is_lost:
            await self._dialled()  # ccxt's dialling cannot be called off: it would leave a socket
        self._gone()
        if wire.clients.get(self._url) is client:
            del wire.clients[self._url]
        await client.close()

    async def _dialled(self) -> None:
        await asyncio.wait(self._dialling, timeout=SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)

    def _decode(self, data: str | bytes) -> None:
        """In place of ccxt's, whose reader falls silent for ever over half an object."""
        try:
            message = orjson.loads(data)
        except orjson.JSONDecodeError:
            message = data.decode(errors="replace") if isinstance(data, bytes) else data
        if isinstance(message, dict):
            self._client.on_message_callback(self._client, message)
        else:
            self._take({UNREADABLE: str(message)})

    def _take(self, message: Message) -> None:
        try:
            self._sort(message)
        except Exception:  # noqa: BLE001  # raised into ccxt's reader it would silence the line
            self._hear_all_the_same(message)

    def _hear_all_the_same(self, message: Message) -> None:
        """What cannot be told from an answer or an end is for whoever listens to judge."""
        try:
            self._hear(message)
        except Exception:  # noqa: BLE001  # as above; a new line begins without it
            self._gone()

    def _sort(self, message: Message) -> None:
        number = self._words.answer_id(message)
        if number is not None:
            answer = self._answers.get(number)
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif self._words.ended(message):
            self._gone()
        else:
            self._hear(message)

    def _gone(self, future: "asyncio.Future[object] | None" = None) -> None:
        if future is not None and not future.cancelled():
            future.exception()  # looked at, so that asyncio does not complain of it
        if self.is_lost:
            return
        self.is_lost = True
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(LineLost())
        self._tell_lost()
