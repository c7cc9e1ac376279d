"""Bybit's protocol, put together: one door for each of its ways in."""

from aiohttp import web

from tradingbot.paper.bybit_engine import Engine
from tradingbot.paper.bybit_gateway import Gateway
from tradingbot.paper.bybit_private import PrivateDoor
from tradingbot.paper.bybit_rest import RestDoor
from tradingbot.paper.bybit_streams import StreamDoor, StreamHub
from tradingbot.paper.bybit_trade import TradeDoor
from tradingbot.paper.keys import KeyRing
from tradingbot.paper.venue import Venue


class Bybit:
    """`gateway.on_its_way` is where a delay would be put in."""

    def __init__(self, venue: Venue, keys: KeyRing) -> None:
        self.engine = Engine(venue)
        self.gateway = Gateway(self.engine, keys)
        self.hub = StreamHub(self.engine)
        self.private = PrivateDoor(self.gateway)


def add_bybit_routes(router: web.UrlDispatcher, bybit: Bybit) -> None:
    router.add_get("/bybit/v5/public/spot", StreamDoor(bybit.hub, bybit.engine).handle)
    router.add_get("/bybit/v5/private", bybit.private.handle)
    router.add_get("/bybit/v5/trade", TradeDoor(bybit.gateway).handle)
    router.add_route("*", "/bybit/v5/{path:.+}", RestDoor(bybit.gateway).handle)
