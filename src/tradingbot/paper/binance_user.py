"""Binance's WebSocket API: signed requests, and the stream of an account's own news."""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import quote

import orjson
from aiohttp import web

from tradingbot.paper import binance_shapes as shapes
from tradingbot.paper.arrivals import BINANCE, Post, note
from tradingbot.paper.binance_endpoints import PLACE, REPLACE, SOCKET
from tradingbot.paper.binance_errors import ApiError
from tradingbot.paper.binance_gateway import Endpoint, Gateway, Request
from tradingbot.paper.binance_params import check_names
from tradingbot.paper.binance_rules import rate_limits
from tradingbot.paper.venue import Update
from tradingbot.paper.wire import Wire

SUBSCRIBE = Endpoint(lambda _: {}, 2, "read", optional=frozenset({"apiKey"}))


class Session:
    """One connection and the accounts it listens to."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.accounts: dict[int, str] = {}  # subscription id → account
        self.next_id = 0


class UserDoor:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._listeners: dict[str, list[tuple[int, Wire]]] = defaultdict(list)
        self._execution = 0
        gateway.venue.on_update.append(self._tell)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        session = Session(Wire(request, self._gateway.venue.flush))

        async def hear(message: bytes) -> None:
            session.wire.send_json(await self._answer(session, message))

        try:
            return await session.wire.run(hear)
        finally:
            for subscription in list(session.accounts):
                self._forget(session, subscription)

    async def _answer(self, session: Session, message: bytes) -> dict[str, object]:
        address = session.wire.request.remote or ""
        asked_id: object = None
        answer: dict[str, object]
        try:
            asked_id, method, params = _parsed(message)
            result = await self._result(session, method, params, address)
            answer = {"id": asked_id, "status": 200, "result": result}
        except ApiError as error:
            answer = {"id": asked_id, "status": error.status, "error": error.body()}
        answer["rateLimits"] = self._limits(address)
        return answer

    async def _result(
        self, session: Session, method: str, params: dict[str, object], address: str
    ) -> object:
        sent = {name: _text(value) for name, value in params.items() if name != "returnRateLimits"}
        key = sent.pop("apiKey", None)
        request = Request(address, key, sent, lambda secret: _verified(secret, params))
        if method == "userDataStream.subscribe.signature":
            return self._subscribe(session, request)
        if method == "userDataStream.unsubscribe":
            chosen = sent.get("subscriptionId")
            for subscription in [int(chosen)] if chosen else list(session.accounts):
                self._forget(session, subscription)
            return {}
        endpoint = SOCKET.get(method)
        if endpoint is None:
            raise ApiError(-1000, f"Unknown method '{method}'.")
        if endpoint in (PLACE, REPLACE):
            self._note(request)
        return (await self._gateway.run(endpoint, request)).body

    def _note(self, request: Request) -> None:
        account = self._gateway.keys.account_of(request.api_key) if request.api_key else None
        post = Post(request.sent.get("newClientOrderId", ""), request.sent.get("symbol", ""))
        note(self._gateway.venue, BINANCE, account, post)

    def _subscribe(self, session: Session, request: Request) -> object:
        now = self._gateway.venue.now()
        account = self._gateway.authenticate(SUBSCRIBE, request, now)
        check_names(request.sent, SUBSCRIBE.required, SUBSCRIBE.known)
        subscription = session.next_id
        session.next_id += 1
        session.accounts[subscription] = account.id
        self._listeners[account.id].append((subscription, session.wire))
        return {"subscriptionId": subscription}

    def _forget(self, session: Session, subscription: int) -> None:
        account = session.accounts.pop(subscription, None)
        if account is None:
            return
        left = self._listeners[account]
        left.remove((subscription, session.wire))
        if not left:
            del self._listeners[account]

    def _tell(self, update: Update) -> None:
        self._execution += 1
        listeners = self._listeners.get(update.order.account)
        if not listeners:
            return
        venue = self._gateway.venue
        now = venue.now()
        account = venue.ledger.accounts[update.order.account]
        for event in (
            shapes.report(update, self._execution, now),
            shapes.position(account, venue.assets(update.order, update.fill), now),
        ):
            body = orjson.dumps(event)
            for subscription, wire in listeners:
                wire.send(b'{"subscriptionId":%d,"event":%b}' % (subscription, body))

    def _limits(self, address: str) -> list[dict[str, object]]:
        weight = rate_limits(self._gateway.venue.options.limits)[0]
        used = self._gateway.limiter.used(address, self._gateway.venue.now())
        return [{**weight, "count": used}]


def _parsed(message: bytes) -> tuple[object, str, dict[str, object]]:
    try:
        asked = orjson.loads(message)
    except orjson.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
        raise ApiError(-1135, "Invalid JSON Request")
    params = asked.get("params") or {}
    if not isinstance(params, dict):
        raise ApiError(-1135, "Invalid JSON Request")
    return asked.get("id"), asked["method"], params


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else orjson.dumps(value).decode()


def _verified(secret: str, params: Mapping[str, object]) -> bool:
    """Signed over the parameters in the order of the alphabet, as sent or percent-encoded."""
    named = {name: _text(value) for name, value in params.items() if name != "signature"}
    plain = "&".join(f"{name}={named[name]}" for name in sorted(named))
    encoded = "&".join(f"{name}={quote(named[name], safe='')}" for name in sorted(named))
    signature = str(params["signature"]).lower()
    return any(
        hmac.compare_digest(
            hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest(), signature
        )
        for payload in {plain, encoded}
    )
