"""What we change in ccxt: keys stay sealed, answers are judged by us, streams are tapped.

One ccxt instance is built for each exchange and mode. An account's is a shallow copy of it (a few
kilobytes) that differs in whose keys it opens and which socket it reads.
"""

import copy
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import orjson

from tradingbot.adapters.ccxt_errors import Answered, clean
from tradingbot.exchanges.ports import Credentials

# ccxt logs whole requests, signatures included, at debug level.
_log = logging.getLogger("ccxt.quiet")
_log.setLevel(logging.WARNING)

# A silent peer is dead after 23 to 35 s: ccxt looks once in each period.
STREAMING = {"keepAlive": 12_000, "maxPingPongMisses": 1.9}
TIMEOUT_MS = 15_000  # longer than the 10 s after which Binance's own engine gives up
NOWHERE = "http://127.0.0.1:9/blocked"
OPTIONS = {
    "defaultType": "spot",
    "recvWindow": 5_000,
    "maxRetriesOnFailure": 0,
    # Compressing costs some 300 KB a socket.
    "ws": {"compress": 0},
}


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """An account's sealed keys and the one way to open them."""

    credentials: Credentials
    open_secret: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Hearing:
    """Whom a wire tells what it heard: response headers, stream messages, our time."""

    headers: Callable[[int | None, str, int, Mapping[str, str]], None]
    now_ms: Callable[[], int]


class Wire:
    """Goes before a ccxt.pro class in the bases of ours; see `said` for what each must add."""

    keys: Keys | None = None
    hearing: Hearing
    tap: Callable[[Any], None] | None = None
    logger = _log
    urls: dict[str, Any]
    options: dict[str, Any]
    clients: dict[str, Any]
    session: aiohttp.ClientSession | None
    ssl_context: object
    open: Callable[[], None]

    @staticmethod
    def said(answer: Any) -> tuple[int, str] | None:
        """The exchange's error number and words in a parsed answer, None when it holds none."""
        raise NotImplementedError

    def for_account(self, keys: Keys | None) -> Self:
        wire = copy.copy(self)
        wire.keys = keys
        wire.clients = {}
        wire.tap = None
        return wire

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __del__(self) -> None:
        """Nothing to close: the HTTP session is shared and closed by its owner."""

    @property
    def apiKey(self) -> str:  # noqa: N802  # because ccxt calls it so
        return self._opened("api_key_sealed")

    @property
    def secret(self) -> str:
        return self._opened("api_secret_sealed")

    def _opened(self, which: str) -> str:
        if self.keys is None:
            return ""
        return self.keys.open_secret(getattr(self.keys.credentials, which))

    @property
    def last_request_headers(self) -> None:
        """Unlike ccxt, which would keep the last request's key and signature, keep nothing."""

    @last_request_headers.setter
    def last_request_headers(self, headers: object) -> None: ...

    def set_last_request(self, request: object) -> None: ...

    def check_required_credentials(self, error: bool = True) -> bool:  # noqa: FBT001, FBT002  # because ccxt passes it so
        """Spares ccxt opening both keys only to see that they are there."""
        return self.keys is not None

    def nonce(self) -> int:
        return self.hearing.now_ms()

    def on_rest_response(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        request_headers: object,
        request_body: object,
    ) -> str:
        account = self.keys.credentials.account_id if self.keys else None
        headers = {name.upper(): value for name, value in response_headers.items()}
        self.hearing.headers(account, method, code, headers)
        return response_body.strip()

    def parse_json(self, http_response: str) -> Any:
        try:
            return orjson.loads(http_response)
        except orjson.JSONDecodeError:
            return None

    def handle_errors(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        headers: object,
        body: str,
        response: Any,
        request_headers: object,
        request_body: object,
    ) -> None:
        """Raise Answered for everything but a 200 whose JSON holds no error."""
        said = self.said(response)
        if code == 200 and said is None and isinstance(response, dict | list):
            return
        number, words = said or (None, reason or "no JSON")
        raise Answered(code, number, words)

    def handle_message(self, client: object, message: object) -> None:
        """All of a socket's messages, raw: ccxt's own handling would merge fills of one burst."""
        if self.tap is not None and isinstance(message, dict):
            self.tap(message)


def told(error: BaseException) -> str:
    """A failure in words that hold no URL: in a URL stands the signature."""
    if isinstance(error, Answered):
        return clean(str(error))
    cause = error.__cause__
    within = f" ({type(cause).__name__})" if cause is not None else ""
    return f"{type(error).__name__}{within}"


def settings(session: aiohttp.ClientSession) -> dict[str, Any]:
    """What every exchange's ccxt is made with."""
    return {
        "session": session,
        "enableRateLimit": False,  # its limiter wakes every millisecond: see ccxt_limits
        "enableLastHttpResponse": False,
        "enableLastResponseHeaders": False,
        "timeout": TIMEOUT_MS,
        "streaming": STREAMING,
        "options": OPTIONS,
    }


def block(urls: dict[str, Any]) -> None:
    """Point every address at nowhere: one that is forgotten fails, it does not trade for real."""
    for name, value in urls.items():
        if isinstance(value, dict):
            block(value)
        else:
            urls[name] = NOWHERE
