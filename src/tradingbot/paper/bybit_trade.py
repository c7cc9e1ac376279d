"""Bybit's order entry socket: orders asked for over a connection that signed in once."""

from dataclasses import dataclass, field

from aiohttp import web

from tradingbot.kit.ids import new_uid
from tradingbot.paper.arrivals import BYBIT, bybit_post, note
from tradingbot.paper.bybit_endpoints import SOCKET
from tradingbot.paper.bybit_errors import ApiError, missing, wrong
from tradingbot.paper.bybit_gateway import Answered, Gateway, Request
from tradingbot.paper.bybit_private import signed_in
from tradingbot.paper.bybit_wire import BybitWire, parsed

NO_SUCH_OP = (10404, "op type is not found")
SIGN_IN_FIRST = (10003, "Sign in first.")
SAME_NUMBER = (20006, "reqId is duplicated")


@dataclass(slots=True)
class Session:
    """One connection: the key it signed in with, and the numbers its requests had."""

    wire: BybitWire
    key: str | None = None
    seen: set[str] = field(default_factory=set)


class TradeDoor:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        session = Session(BybitWire(request, self._gateway.venue.flush))

        async def hear(message: bytes) -> None:
            session.wire.send_json(await self._answer(session, parsed(message) or {}))

        return await session.wire.run(hear)

    async def _answer(self, session: Session, asked: dict[str, object]) -> dict[str, object]:
        command = str(asked.get("op", ""))
        body: dict[str, object] = {"reqId": str(asked["reqId"])} if "reqId" in asked else {}
        end = {"op": command, "connId": session.wire.id}
        if command == "ping":
            now = str(self._gateway.venue.now())
            return body | {"retCode": 0, "retMsg": "OK", "op": "pong", "data": [now]}
        if command == "auth":
            code, msg = self._sign_in(session, asked)
            return body | {"retCode": code, "retMsg": msg} | end
        answered = await self._ordered(session, asked)
        limits = answered.allowance.headers() if answered.allowance else {}
        now = str(self._gateway.venue.now())
        return {
            **body,
            "retCode": answered.code,
            "retMsg": answered.msg,
            **end,
            "data": answered.result,
            "retExtInfo": answered.extra,
            "header": {**limits, "Traceid": new_uid(), "Timenow": now},
        }

    def _sign_in(self, session: Session, asked: dict[str, object]) -> tuple[int, str]:
        if session.key is not None:
            return 20001, "Repeat auth"
        if signed_in(self._gateway, asked) is None:
            return 10004, "Invalid sign"
        args = asked["args"]
        assert isinstance(args, list)
        session.key = str(args[0])
        return 0, "OK"

    def _note(self, session: Session, asked: dict[str, object]) -> None:
        account = self._gateway.keys.account_of(session.key) if session.key else None
        args = asked.get("args")
        for each in args if isinstance(args, list) else [None]:
            note(self._gateway.venue, BYBIT, account, bybit_post(each))

    async def _ordered(self, session: Session, asked: dict[str, object]) -> Answered:
        if asked.get("op") == "order.create":
            self._note(session, asked)
        try:
            request = _request(session, asked)
            name, endpoint = SOCKET[str(asked["op"])]
            return await self._gateway.run(name, endpoint, request)
        except ApiError as error:
            return Answered(error.code, error.msg)


def _request(session: Session, asked: dict[str, object]) -> Request:
    """Raises ApiError."""
    if str(asked.get("op")) not in SOCKET:
        raise ApiError(*NO_SUCH_OP)
    if session.key is None:
        raise ApiError(*SIGN_IN_FIRST)
    args, header = asked.get("args"), asked.get("header")
    if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
        raise wrong("args holds one order.")
    if not isinstance(header, dict):
        raise missing("header")
    number = str(asked.get("reqId", ""))
    if number and number in session.seen:
        raise ApiError(*SAME_NUMBER)
    session.seen.add(number)
    window = header.get("X-BAPI-RECV-WINDOW")
    return Request(
        api_key=session.key,
        timestamp=str(header.get("X-BAPI-TIMESTAMP", "")),
        window=None if window is None else str(window),
        sent=args[0],
        verify=lambda _: True,  # the connection has signed in
    )
