"""The checks every Binance request passes, REST or WebSocket, before anything is done."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tradingbot.paper import binance_errors as errors
from tradingbot.paper.accounts import Account
from tradingbot.paper.binance_errors import ApiError
from tradingbot.paper.binance_params import SYMBOL, Params, check_names
from tradingbot.paper.hall import Hall
from tradingbot.paper.keys import KeyRing
from tradingbot.paper.limits import Limiter, LimitReached, OrderLimitReached
from tradingbot.paper.refusals import Refused
from tradingbot.paper.venue import Update, Venue

AHEAD_MAX = 1_000  # ms
WINDOW = 5_000  # ms
WINDOW_MAX = 60_000
SIGNATURE = re.compile(r"^[0-9a-fA-F]{64}$")
SIGNED_NAMES = frozenset({"timestamp", "recvWindow", "signature"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived. `verify` tells whether a secret made its signature."""

    address: str
    api_key: str | None
    sent: Mapping[str, str]
    verify: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed: its parameters, and whose account it is about."""

    venue: Venue
    params: Params
    owner: Account | None
    withdrawals: bool = False
    ip_restricted: bool = False
    trading: bool = True

    @property
    def account(self) -> Account:
        assert self.owner is not None
        return self.owner

    def hall(self) -> Hall:
        symbol = self.params.need("symbol", SYMBOL)
        market = symbol_of(self.venue, symbol)
        return self.venue.halls[market]


Answer: TypeAlias = object
Weight: TypeAlias = int | Callable[[Params], int]


@dataclass(frozen=True, slots=True)
class Endpoint:
    handle: Callable[[Call], Answer]
    weight: Weight = 1
    security: Literal["none", "read", "trade"] = "none"
    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    orders: bool = False  # reaches the matching engine, counts as an order
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = self.required | self.optional
        if self.security != "none":
            names |= SIGNED_NAMES
        object.__setattr__(self, "known", names)


@dataclass(frozen=True, slots=True)
class Answered:
    body: Answer
    weight: int
    orders: tuple[int, int] | None = None


def symbol_of(venue: Venue, symbol: str) -> str:
    market = venue.symbols.get(symbol)
    if market is None:
        raise errors.invalid_symbol()
    return market


class Gateway:
    """The way in. `on_its_way` is the seam between both looks at the clock: delays go there."""

    def __init__(self, venue: Venue, keys: KeyRing, limiter: Limiter) -> None:
        self.venue = venue
        self.keys = keys
        self.limiter = limiter
        self.on_its_way: Callable[[Request], Awaitable[None]] | None = None
        venue.on_update.append(self._first_fill)

    async def run(self, endpoint: Endpoint, request: Request) -> Answered:
        """Raises ApiError; for an order the journal has it then."""
        try:
            return await self._answer(endpoint, request)
        except ApiError as error:
            if endpoint.orders:
                self._note_refusal(request, error)
            raise

    def _note_refusal(self, request: Request, error: ApiError) -> None:
        account = self.keys.account_of(request.api_key) if request.api_key else None
        sent = {
            "cid": request.sent.get("newClientOrderId", ""),
            "symbol": self.venue.symbols.get(request.sent.get("symbol", ""), ""),
        }
        self.venue.refused(account, str(error.code), error.msg, sent)

    async def _answer(self, endpoint: Endpoint, request: Request) -> Answered:
        now = self.venue.now()
        params = Params(request.sent)
        weight = self.spend(request.address, endpoint, params, now)
        owner = None if endpoint.security == "none" else self.authenticate(endpoint, request, now)
        check_names(request.sent, endpoint.required, endpoint.known)
        if endpoint.orders:
            if self.on_its_way is not None:
                await self.on_its_way(request)
            check_time(params, self.venue.now())
            assert owner is not None
            return self._order(endpoint, self._call(params, owner), weight)
        return Answered(self._handle(endpoint, self._call(params, owner)), weight)

    def spend(self, address: str, endpoint: Endpoint, params: Params, now: int) -> int:
        weight = endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(params)
        try:
            return self.limiter.spend(address, weight, now)
        except LimitReached as reached:
            limit = self.limiter.limits.weight_per_minute
            msg = f"current limit is {limit} request weight per 1 MINUTE."
            status, words = 429, f"Too much request weight used; {msg}"
            if reached.banned:
                until = now + reached.retry_after * 1000
                status, words = 418, f"Way too much request weight used; IP banned until {until}."
            raise ApiError(-1003, words, status, retry_after=reached.retry_after) from None

    def authenticate(self, endpoint: Endpoint, request: Request, now: int) -> Account:
        """Key, signature, clock and permission, in Binance's order."""
        if not request.api_key or not request.api_key.strip():
            raise errors.bad_key_format()
        params = Params(request.sent)
        for name in ("timestamp", "signature"):
            if not params.has(name):
                raise errors.missing(name)
        account_id = self.keys.account_of(request.api_key)
        key = self.keys.get(account_id)
        if key.revoked:
            raise errors.key_refused()
        if not SIGNATURE.fullmatch(params.sent["signature"]):
            raise errors.bad_signature()
        if key.secret is not None and not request.verify(key.secret):
            raise errors.bad_signature()
        check_time(params, now)
        if not (key.trading if endpoint.security == "trade" else key.reading):
            raise errors.key_refused()
        return self.venue.account(account_id)

    def _call(self, params: Params, owner: Account | None) -> Call:
        if owner is None:
            return Call(self.venue, params, None)
        key = self.keys.get(owner.id)
        return Call(self.venue, params, owner, key.withdrawals, key.ip_restricted, key.trading)

    def _order(self, endpoint: Endpoint, call: Call, weight: int) -> Answered:
        now, account = self.venue.now(), call.account.id
        try:
            self.limiter.order(account, now)
        except OrderLimitReached as reached:
            raise ApiError(-1015, str(reached), 429, retry_after=reached.retry_after) from None
        self.limiter.ordered(account, now)
        try:
            body = self._handle(endpoint, call)
        except ApiError:
            self.limiter.ordered(account, now, -1)
            raise
        return Answered(body, weight, self.limiter.orders(account, now))

    def _handle(self, endpoint: Endpoint, call: Call) -> Answer:
        try:
            return endpoint.handle(call)
        except Refused as refused:
            raise errors.refusal(refused) from refused

    def _first_fill(self, update: Update) -> None:
        # Only orders that stay unfilled count against the limit.
        if update.happened == "TRADE" and len(update.order.fills) == 1:
            self.limiter.ordered(update.order.account, self.venue.now(), -1)


def check_time(params: Params, now: int) -> None:
    """Raises -1021 unless the request was signed within its recvWindow, ms."""
    timestamp = params.integer("timestamp")
    window = WINDOW
    if params.has("recvWindow"):
        text = params.text("recvWindow", re.compile(r"^[0-9]{1,5}(\.[0-9]{1,3})?$"))
        assert text is not None
        window = int(float(text))
    if window > WINDOW_MAX:
        raise ApiError(-1131, "recvWindow must be less than 60000")
    if timestamp is None:
        raise errors.missing("timestamp")
    if timestamp >= now + AHEAD_MAX:
        raise errors.too_early()
    if now - timestamp > window:
        raise errors.too_late()
