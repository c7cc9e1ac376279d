"""Discord, Slack, ntfy and others: Apprise knows how each wants to be spoken to."""

import asyncio
import logging
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import urllib3.util.connection
from apprise import AppriseAsset, NotifyFormat, NotifyType
from apprise.exception import AppriseException
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.gotify import NotifyGotify
from apprise.plugins.mattermost import NotifyMattermost
from apprise.plugins.ntfy import NotifyNtfy
from apprise.plugins.slack import NotifySlack

from tradingbot.adapters.web_gate import WebGate
from tradingbot.kit.scrub import scrub_text
from tradingbot.notifications.errors import AddressRefused, CannotDeliver, Later
from tradingbot.notifications.messages import URGENT
from tradingbot.notifications.ports import Message, Receipt
from tradingbot.notifications.web_addresses import unknown_option

THREADS = 4
CONNECT_SECONDS, READ_SECONDS = 5.0, 8.0
LATER_SECONDS = 30.0
# Only these: Apprise as a whole brings a hundred more, and some of them run commands.
SERVICES: Mapping[str, Any] = {
    "json": NotifyJSON,
    "discord": NotifyDiscord,
    "slack": NotifySlack,
    "ntfy": NotifyNtfy,
    "gotify": NotifyGotify,
    "mmost": NotifyMattermost,
}
NEVER = frozenset({400, 401, 403, 404, 405, 410})
TOO_MANY = 429
NOT_UNDERSTOOD = "webhook_url: it is no address of that service"

# They read Markdown, whatever they are told a text is.
MARKDOWN = frozenset({"discord", "mmost"})

_MARKS = re.compile(r"[\\`*_~|>#\[\]()]")
_ERROR = re.compile(r"error=(\d{3})")
_here = threading.local()


class NotTaken(Exception):  # noqa: N818  # errors are named after what is the case
    """The service is in trouble, or not there: worth another try."""


class AppriseSpeaker:
    """Apprise waits for its answers, so it speaks from threads of its own."""

    def __init__(self, gate: WebGate) -> None:
        self._gate = gate
        self._threads = ThreadPoolExecutor(THREADS, "apprise")

    async def send(self, message: Message) -> Receipt:
        """Raises CannotDeliver, Later, NotTaken."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._speak, message)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _speak(self, message: Message) -> Receipt:
        refused = unknown_option(message.address)
        if refused:
            raise CannotDeliver(f"webhook_url: the option {refused} is not allowed")
        service = _service(message.address)
        scheme = _service_name(message.address)
        with _guarded(self._gate) as heard:
            # The address may hold a token: nothing Apprise says of it is passed on but its number.
            taken = service.notify(
                body=harmless(_body(message), scheme),
                title=harmless(message.title, scheme),
                notify_type=NotifyType.WARNING if message.event_type in URGENT else NotifyType.INFO,
                body_format=NotifyFormat.TEXT,
            )
        if taken:
            return Receipt(words=f"{service.service_name} took it")
        raise _why(str(service.service_name), heard)


class _Heard(logging.Handler):
    """What Apprise says in this thread while it sends."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.refused: AddressRefused | None = None
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.lines.append(scrub_text(record.getMessage()))


def _service_name(url: str) -> str:
    """Whether it speaks over TLS is the last letter's matter."""
    scheme = urlsplit(url).scheme
    return scheme if scheme in SERVICES else scheme.removesuffix("s")


def _service(url: str) -> Any:
    # Nothing is kept on disk, and what is asked of one user's service leads to no other.
    asset = AppriseAsset(http_redirects=False, storage_mode="memory", async_mode=False)
    plugin = SERVICES.get(_service_name(url))
    found = None if plugin is None else plugin.parse_url(url)
    if plugin is None or not found:
        raise CannotDeliver(NOT_UNDERSTOOD)
    try:
        service = plugin(asset=asset, **found)
    except (AppriseException, TypeError):  # its words may hold a token
        raise CannotDeliver(NOT_UNDERSTOOD) from None
    service.socket_connect_timeout, service.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    return service


def harmless(text: str, scheme: str) -> str:
    """Nothing in it is markup, and it calls nobody by name."""
    text = text.replace("@", "@\N{ZERO WIDTH SPACE}")
    if scheme == "slack":
        # Its own escapes are Apprise's matter: letters that only look alike need none.
        return text.replace("<", "‹").replace(">", "›").replace("&", "＆")
    return _MARKS.sub(r"\\\g<0>", text) if scheme in MARKDOWN else text


def _body(message: Message) -> str:
    lines = [f"{label}: {value}" for label, value in message.facts]
    return "\n".join([*lines, *filter(None, [message.advice])]) or message.text


def _why(service: str, heard: _Heard) -> Exception:
    if heard.refused is not None:
        return CannotDeliver(heard.refused.message)
    found = next((match for line in heard.lines if (match := _ERROR.search(line))), None)
    if found is None:
        return NotTaken(f"{service} does not answer")
    status = int(found[1])
    words = f"{service} answered HTTP {status}"
    if status == TOO_MANY:
        return Later(LATER_SECONDS, words)
    if status in NEVER:
        return CannotDeliver(words, gone=status == 410)
    return NotTaken(words)


@contextmanager
def _guarded(gate: WebGate) -> Iterator[_Heard]:
    """Inside, this thread's connections pass the gate, and its warnings are heard."""
    heard = _Heard()
    _logger.addHandler(heard)
    _here.gate, _here.heard = gate, heard
    try:
        yield heard
    finally:
        _logger.removeHandler(heard)
        del _here.gate, _here.heard


# Its words may hold an address's token: they are read here and go no further.
_logger = logging.getLogger("apprise")
_logger.propagate = False
_logger.setLevel(logging.WARNING)
logging.getLogger("urllib3").propagate = False

_connect = urllib3.util.connection.create_connection


def _through_the_gate(address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
    """Looked up once, looked at, and connected to as seen: a name cannot change its mind."""
    gate: WebGate | None = getattr(_here, "gate", None)
    if gate is None:
        return _connect(address, *rest, **more)
    host, port = address
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    try:
        gate.only_public(host, [str(entry[4][0]) for entry in found])
    except AddressRefused as refused:
        _here.heard.refused = refused
        raise OSError(refused.message) from None
    return _connect((str(found[0][4][0]), port), *rest, **more)


# urllib3 has no place to give it one; threads that are not ours go past it.
urllib3.util.connection.create_connection = _through_the_gate
