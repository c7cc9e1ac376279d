"""Messages to a web address of the user's: our signed JSON, or what a service there speaks."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tradingbot.adapters.signed_post import SignedPost
from tradingbot.adapters.web_gate import WebGate
from tradingbot.kit.clock import Clock
from tradingbot.notifications.ports import Message, Receipt
from tradingbot.notifications.web_addresses import OURS

if TYPE_CHECKING:
    from tradingbot.adapters.apprise_speaker import AppriseSpeaker

# The secret that signs what this user is sent; "" when there is none.
Secrets = Callable[[int], Awaitable[str]]


class WebhookChannel:
    name = "webhook"

    def __init__(self, gate: WebGate, clock: Clock, secret_of: Secrets) -> None:
        self._gate = gate
        self._secret_of = secret_of
        self._post = SignedPost(gate, clock)
        self._speaker: AppriseSpeaker | None = None

    async def send(self, message: Message) -> Receipt:
        if urlsplit(message.address).scheme in OURS:
            return await self._post.send(message, await self._secret_of(message.user_id))
        return await self._services().send(message)

    async def aclose(self) -> None:
        await self._post.close()
        if self._speaker is not None:
            self._speaker.close()

    def _services(self) -> "AppriseSpeaker":
        if self._speaker is None:
            from tradingbot.adapters.apprise_speaker import (  # noqa: PLC0415  # a second and 40 MB
                AppriseSpeaker,  # that most never need
            )

            self._speaker = AppriseSpeaker(self._gate)
        return self._speaker
