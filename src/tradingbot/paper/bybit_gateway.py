"""The checks every Bybit request passes, REST or WebSocket, before anything is done."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tradingbot.paper import bybit_errors as errors
from tradingbot.paper.accounts import Account
from tradingbot.paper.bybit_engine import Engine
from tradingbot.paper.bybit_errors import ApiError
from tradingbot.paper.bybit_limits import Allowance, Limiter
from tradingbot.paper.bybit_params import INTEGER, Params
from tradingbot.paper.hall import Hall
from tradingbot.paper.keys import KeyRing, PaperKey
from tradingbot.paper.options import PaperLimits
from tradingbot.paper.refusals import Refused
from tradingbot.paper.venue import Venue

AHEAD_MAX = 1_000  # ms
WINDOW = 5_000  # ms


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived. `verify` tells whether a secret made its signature."""

    api_key: str | None
    timestamp: str | None
    window: str | None
    sent: Mapping[str, object]
    verify: Callable[[str], bool] | None  # None: not signed


@dataclass(frozen=True, slots=True)
class Call:
    """A request that passed: its parameters, and whose account it is about."""

    engine: Engine
    params: Params
    owner: Account | None
    key: PaperKey

    @property
    def venue(self) -> Venue:
        return self.engine.venue

    @property
    def account(self) -> Account:
        assert self.owner is not None
        return self.owner

    def hall(self, unknown: ApiError) -> Hall:
        """The market asked about. Raises `unknown`."""
        market = self.venue.symbols.get(self.params.need("symbol"))
        if market is None:
            raise unknown
        return self.venue.halls[market]


Result: TypeAlias = object


@dataclass(frozen=True, slots=True)
class Told:
    """A result that comes with a `retExtInfo`."""

    result: Result
    extra: object


@dataclass(frozen=True, slots=True)
class Endpoint:
    handle: Callable[[Call], Result]
    security: Literal["none", "read", "trade"] = "none"
    limit: Callable[[PaperLimits], int] | None = None  # uses a second, of private ones
    orders: bool = False  # asks for a new order: the journal has it when it is refused


@dataclass(frozen=True, slots=True)
class Answered:
    code: int = 0
    msg: str = "OK"
    result: Result = field(default_factory=dict)
    extra: object = field(default_factory=dict)
    allowance: Allowance | None = None


class Gateway:
    """The way in. `on_its_way` is the seam between both looks at the clock: delays go there."""

    def __init__(self, engine: Engine, keys: KeyRing) -> None:
        self.engine = engine
        self.venue = engine.venue
        self.keys = keys
        self.limiter = Limiter(engine.venue.options.limits)
        self.on_its_way: Callable[[Request], Awaitable[None]] | None = None

    async def run(self, name: str, endpoint: Endpoint, request: Request) -> Answered:
        """Refusals are answers too."""
        now = self.venue.now()
        allowance: Allowance | None = None
        try:
            owner = self.authenticate(endpoint, request, now)
            if owner is not None and endpoint.limit is not None:
                limit = endpoint.limit(self.limiter.limits)
                allowance = self.limiter.use(owner.id, name, limit, now)
                if allowance.exceeded:
                    raise errors.too_many()
            if endpoint.security == "trade":
                if self.on_its_way is not None:
                    await self.on_its_way(request)
                check_time(request, self.venue.now())
            result = self._handle(endpoint, request, owner)
        except ApiError as error:
            if endpoint.orders:
                self._note_refusal(request, error)
            return Answered(error.code, error.msg, allowance=allowance)
        if isinstance(result, Told):
            return Answered(result=result.result, extra=result.extra, allowance=allowance)
        return Answered(result=result, allowance=allowance)

    def authenticate(self, endpoint: Endpoint, request: Request, now: int) -> Account | None:
        """Key, clock, signature and permission. Raises ApiError."""
        if endpoint.security == "none":
            return None
        if not request.api_key or not request.timestamp or request.verify is None:
            raise errors.unsigned()
        account_id = self.keys.account_of(request.api_key)
        key = self.keys.get(account_id)
        if key.revoked:
            raise errors.invalid_key()
        check_time(request, now)
        if key.secret is not None and not request.verify(key.secret):
            raise errors.invalid_sign()
        if not (key.trading if endpoint.security == "trade" else key.reading):
            raise errors.not_permitted()
        return self.venue.account(account_id)

    def _handle(self, endpoint: Endpoint, request: Request, owner: Account | None) -> Result:
        key = PaperKey() if owner is None else self.keys.get(owner.id)
        try:
            return endpoint.handle(Call(self.engine, Params(request.sent), owner, key))
        except Refused as refused:
            raise errors.refusal(refused) from refused

    def _note_refusal(self, request: Request, error: ApiError) -> None:
        account = self.keys.account_of(request.api_key) if request.api_key else None
        note_refusal(self.venue, account, error, request.sent)


def note_refusal(
    venue: Venue, account: str | None, error: ApiError, sent: Mapping[str, object]
) -> None:
    cid, symbol = sent.get("orderLinkId"), sent.get("symbol")
    about = {
        "cid": cid if isinstance(cid, str) else "",
        "symbol": venue.symbols.get(symbol, "") if isinstance(symbol, str) else "",
    }
    venue.refused(account, str(error.code), error.msg, about)


def check_time(request: Request, now: int) -> None:
    """Raises 10002 unless the request was signed within its recv_window, ms."""
    timestamp, window = request.timestamp or "", request.window or str(WINDOW)
    if not INTEGER.fullmatch(timestamp) or not INTEGER.fullmatch(window):
        raise errors.wrong("timestamp and recv_window are numbers.")
    if not now - int(window) <= int(timestamp) < now + AHEAD_MAX:
        raise errors.out_of_window(int(timestamp), now, int(window))
