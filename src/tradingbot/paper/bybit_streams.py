"""Bybit's public stream: who listens to which topic."""

import asyncio
from dataclasses import dataclass, field

import orjson
from aiohttp import web

from tradingbot.paper.bybit_engine import Engine
from tradingbot.paper.bybit_topics import Message, Topic, topic
from tradingbot.paper.bybit_wire import BybitWire, parsed, status, topics_of
from tradingbot.paper.tape import Trade

BEAT = 0.1  # seconds
TOPICS_MAX = 10  # of one command


@dataclass(slots=True)
class Channel:
    topic: Topic
    market: str  # BTCUSDT
    wires: set[BybitWire] = field(default_factory=set)

    def tell(self, message: Message | None) -> None:
        if message is None:
            return
        body = orjson.dumps(message)
        for wire in self.wires:
            wire.send(body)


class StreamHub:
    """What nobody listens to costs nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._channels: dict[str, Channel] = {}
        engine.venue.on_trade.append(self._traded)

    def known(self, name: str) -> bool:
        return name in self._channels or topic(name, self._engine) is not None

    def subscribe(self, wire: BybitWire, name: str) -> None:
        channel = self._channels.get(name)
        if channel is None:
            made = topic(name, self._engine)
            assert made is not None
            market = name.rpartition(".")[2]
            channel = self._channels[name] = Channel(made, market)
        channel.tell(channel.topic.beat())
        channel.wires.add(wire)
        first = channel.topic.now()
        if first is not None:
            wire.send_json(first)

    def unsubscribe(self, wire: BybitWire, name: str) -> None:
        channel = self._channels.get(name)
        if channel is None:
            return
        channel.wires.discard(wire)
        if not channel.wires:
            del self._channels[name]

    async def run(self) -> None:
        """What comes by the clock rather than by the trade."""
        while True:
            await asyncio.sleep(BEAT)
            for channel in self._channels.values():
                channel.tell(channel.topic.beat())

    def _traded(self, symbol: str, trade: Trade) -> None:
        if not self._channels:
            return
        market = symbol.replace("/", "")
        for channel in self._channels.values():
            if channel.market == market:
                channel.tell(channel.topic.traded(trade))


class StreamDoor:
    def __init__(self, hub: StreamHub, engine: Engine) -> None:
        self._hub = hub
        self._engine = engine

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        wire = BybitWire(request, self._engine.venue.flush)
        mine: set[str] = set()

        async def hear(message: bytes) -> None:
            self._answer(wire, mine, parsed(message) or {})

        try:
            return await wire.run(hear)
        finally:
            for name in mine:
                self._hub.unsubscribe(wire, name)

    def _answer(self, wire: BybitWire, mine: set[str], asked: dict[str, object]) -> None:
        command = str(asked.get("op", ""))
        if command == "ping":
            wire.send_json(status(wire, asked, success=True, told="pong"))
            return
        names = topics_of(asked)
        against = self._against(command, names)
        if against is not None or names is None:
            wire.send_json(status(wire, asked, success=False, told=against or ""))
            return
        wire.send_json(status(wire, asked, success=True, told=command))
        for name in names:
            if command == "subscribe":
                mine.add(name)
                self._hub.subscribe(wire, name)
            else:
                mine.discard(name)
                self._hub.unsubscribe(wire, name)

    def _against(self, command: str, names: list[str] | None) -> str | None:
        """What stands against a command."""
        if command not in {"subscribe", "unsubscribe"}:
            return "error:invalid op"
        if not names:
            return "error:invalid args"
        if len(names) > TOPICS_MAX:
            return f"args size >{TOPICS_MAX}"
        for name in names:
            if not self._hub.known(name):
                return f"error:handler not found,topic:{name}"
        return None
