"""A message as JSON to a web address, signed so that its reader knows it is ours."""

import hashlib
import hmac
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector

from tradingbot.adapters.web_gate import GatedResolver, WebGate
from tradingbot.kit.clock import Clock
from tradingbot.kit.plain import dumps, moment
from tradingbot.notifications.errors import AddressRefused, CannotDeliver, Later
from tradingbot.notifications.ports import Message, Receipt

TIMEOUT = ClientTimeout(total=15, connect=5)
ANSWER_BYTES_MAX = 200
LATER_SECONDS = 30.0
# They say "not now"; every other 4xx says "never".
PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


class NotTaken(Exception):  # noqa: N818  # errors are named after what is the case
    """The other side is in trouble: worth another try."""


class SignedPost:
    def __init__(self, gate: WebGate, clock: Clock) -> None:
        self._gate = gate
        self._clock = clock
        self._session: ClientSession | None = None

    async def send(self, message: Message, secret: str) -> Receipt:
        """Raises CannotDeliver, Later, and aiohttp's and NotTaken for what may pass."""
        body = dumps(body_of(message)).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "tradingbot",
            "X-Timestamp": timestamp,
        }
        if secret:
            headers["X-Signature"] = signature(secret, timestamp, body)
        try:
            # An address in figures is never looked up: it is looked at here.
            await self._gate.check(message.address)
            async with self._connection().post(
                message.address, data=body, headers=headers, allow_redirects=False
            ) as response:
                return await self._understood(response)
        except AddressRefused as refused:
            raise CannotDeliver(refused.message) from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _connection(self) -> ClientSession:
        if self._session is None:
            connector = TCPConnector(resolver=GatedResolver(self._gate), use_dns_cache=False)
            self._session = ClientSession(connector=connector, timeout=TIMEOUT)
        return self._session

    async def _understood(self, response: ClientResponse) -> Receipt:
        status = response.status
        raw = await response.content.read(ANSWER_BYTES_MAX)
        words = f"HTTP {status} {' '.join(raw.decode(errors='replace').split())}".rstrip()
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return Receipt(response.headers.get("X-Request-Id", "")[:100], words)
        if status < HTTPStatus.BAD_REQUEST:
            raise CannotDeliver(f"HTTP {status}: it answers with a redirect, which is not followed")
        wait = self._wait(response)
        if status == HTTPStatus.TOO_MANY_REQUESTS or (wait is not None and status not in PASSING):
            raise Later(LATER_SECONDS if wait is None else wait, words)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING:
            raise NotTaken(words)
        raise CannotDeliver(words, gone=status == HTTPStatus.GONE)

    def _wait(self, response: ClientResponse) -> float | None:
        """Seconds, where it says so in figures or by a date."""
        said = response.headers.get("Retry-After")
        if said is None:
            return None
        try:
            if said.strip().isdecimal():
                return float(said)
            return (parsedate_to_datetime(said) - self._clock.now()).total_seconds()
        except (ValueError, TypeError):
            return None


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Of "<timestamp>.<body>": an old message sent again by somebody else shows its age."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"


def body_of(message: Message) -> dict[str, Any]:
    return {
        "delivery_ids": list(message.delivery_ids),
        "event_type": message.event_type,
        "language": message.language,
        "title": message.title,
        "facts": [{"label": label, "value": value} for label, value in message.facts],
        "advice": message.advice,
        "text": message.text,
        "data": message.data,
        "happened_at": moment(message.happened_at.astimezone(UTC)),
    }
