"""Bybit's private stream: an account's orders, executions and money, as they change."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from tradingbot.paper import bybit_shapes as shapes
from tradingbot.paper.bybit_gateway import Gateway
from tradingbot.paper.bybit_rest import verifier
from tradingbot.paper.bybit_wire import BybitWire, parsed, status, topics_of
from tradingbot.paper.venue import Update, Venue

TOPICS = frozenset(
    {"order", "order.spot", "execution", "execution.spot", "execution.fast", "wallet"}
)
FAST = ("symbol", "execId", "execPrice", "execQty", "orderId", "isMaker", "orderLinkId", "side")


def signed_in(gateway: Gateway, asked: dict[str, object]) -> str | None:
    """The account that a key, an expiry and a signature prove; None when they prove nothing."""
    args = asked.get("args")
    if not isinstance(args, list) or len(args) != 3:
        return None
    key, expires, sign = (str(each) for each in args)
    if not expires.isascii() or not expires.isdecimal() or int(expires) <= gateway.venue.now():
        return None
    account = gateway.keys.account_of(key)
    known = gateway.keys.get(account)
    if known.revoked or not known.reading:
        return None
    if known.secret is not None and not verifier(f"GET/realtime{expires}", sign)(known.secret):
        return None
    return gateway.venue.account(account).id


@dataclass(slots=True)
class Session:
    """One connection, and whose news it may hear once it has signed in."""

    wire: BybitWire
    account: str | None = None


class PrivateDoor:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._listeners: dict[str, dict[str, set[BybitWire]]] = defaultdict(dict)
        self._messages = 0
        gateway.venue.on_update.append(self._tell)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        session = Session(BybitWire(request, self._gateway.venue.flush))

        async def hear(message: bytes) -> None:
            session.wire.send_json(self._answer(session, parsed(message) or {}))

        try:
            return await session.wire.run(hear)
        finally:
            self._forget(session, TOPICS)

    def _answer(self, session: Session, asked: dict[str, object]) -> dict[str, object]:
        command, wire = str(asked.get("op", "")), session.wire
        if command == "ping":
            named = {"req_id": str(asked["req_id"])} if "req_id" in asked else {}
            now = str(self._gateway.venue.now())
            return {**named, "op": "pong", "args": [now], "conn_id": wire.id}
        if command == "auth":
            account = signed_in(self._gateway, asked)
            session.account = account or session.account
            told = "Params Error" if account is None else ""
            return status(wire, asked, success=account is not None, told=told)
        if command not in {"subscribe", "unsubscribe"}:
            return status(wire, asked, success=False, told="error:invalid op")
        topics = topics_of(asked) or []
        against = _against(session, topics)
        if against is None and session.account is not None:
            if command == "subscribe":
                self._listen(session.account, session.wire, topics)
            else:
                self._forget(session, frozenset(topics))
        return status(wire, asked, success=against is None, told=against or "")

    def _listen(self, account: str, wire: BybitWire, topics: list[str]) -> None:
        for topic in topics:
            self._listeners[account].setdefault(topic, set()).add(wire)

    def _forget(self, session: Session, topics: frozenset[str]) -> None:
        heard = self._listeners.get(session.account or "", {})
        for topic in topics & heard.keys():
            heard[topic].discard(session.wire)
            if not heard[topic]:
                del heard[topic]

    def _tell(self, update: Update) -> None:
        listeners = self._listeners.get(update.order.account)
        if not listeners:
            return
        for topics, data in _news(self._gateway.venue, update):
            for topic in topics:
                if wires := listeners.get(topic):
                    self._send(topic, wires, update, data)

    def _send(
        self, topic: str, wires: set[BybitWire], update: Update, data: dict[str, Any]
    ) -> None:
        self._messages += 1
        symbol = shapes.id_of(update.order.asked.symbol)
        body = {
            "id": f"{update.order.account[:9]}_{symbol}_{self._messages}",
            "topic": topic,
            "creationTime": self._gateway.venue.now(),
            "data": [data],
        }
        message = orjson.dumps(body)
        for wire in wires:
            wire.send(message)


def _against(session: Session, topics: list[str]) -> str | None:
    """What stands against listening to them."""
    if session.account is None:
        return "Request not authorized"
    if not topics:
        return "error:invalid args"
    for topic in topics:
        if topic not in TOPICS:
            return f"error:handler not found,topic:{topic}"
        if topic.endswith(".spot") and topic.removesuffix(".spot") in topics:
            return f"error:duplicated topics,topic:{topic}"
    return None


def _news(venue: Venue, update: Update) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """Topics, and what each of them is told."""
    order, fill = update.order, update.fill
    news: list[tuple[tuple[str, ...], dict[str, Any]]] = []
    if fill is not None:
        executed = {"category": "spot", **shapes.execution(venue, order, fill)}
        fast = {name: executed[name] for name in ("category", *FAST, "execTime", "seq")}
        news += [(("execution", "execution.spot"), executed), (("execution.fast",), fast)]
    body = {"category": "spot", **shapes.order_body(order), "feeCurrency": "", "closedPnl": "0"}
    orders = ("order", "order.spot")
    if update.happened == "NEW" and order.asked.trigger and order.working_since is not None:
        news.append((orders, {**body, "orderStatus": "Triggered"}))
    news.append((orders, body))
    account = venue.ledger.accounts[order.account]
    news.append((("wallet",), shapes.wallet(venue, account, venue.assets(order, fill))))
    return news
