"""A paper exchange put together: venue, feed, doors, and the socket it listens on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from tradingbot.kit.clock import Clock, SystemClock
from tradingbot.paper import journal as journals
from tradingbot.paper.binance_depth import DepthView
from tradingbot.paper.binance_endpoints import rest_endpoints
from tradingbot.paper.binance_gateway import Gateway
from tradingbot.paper.binance_rest import RestDoor
from tradingbot.paper.binance_streams import StreamDoor, StreamHub
from tradingbot.paper.binance_user import UserDoor
from tradingbot.paper.bybit import Bybit, add_bybit_routes
from tradingbot.paper.control import ControlDoor
from tradingbot.paper.doorway import Doorway
from tradingbot.paper.fault_door import serving_faults
from tradingbot.paper.fault_streams import StreamFaults
from tradingbot.paper.faults import FaultControl
from tradingbot.paper.feeds import Feed, open_feed
from tradingbot.paper.journal import Journal, JournalTaken
from tradingbot.paper.keys import KeyRing
from tradingbot.paper.limits import Limiter
from tradingbot.paper.options import OptionRefused, PaperOptions
from tradingbot.paper.rebuild import last_position, rebuild
from tradingbot.paper.venue import Venue
from tradingbot.paper.wire import MEDDLER


@dataclass(frozen=True, slots=True)
class PaperExchange:
    """One that is listening. `faults_url` is where it takes orders for faults, if it does."""

    url: str
    faults_url: str | None
    options: PaperOptions
    venue: Venue
    feed: Feed
    gateway: Gateway
    keys: KeyRing
    bybit: Bybit


def open_venue(options: PaperOptions, clock: Clock) -> tuple[Venue, Feed]:
    """As the journal left it. Raises OptionRefused."""
    path = options.data_dir / "paper" / "journal.jsonl"
    try:
        journal = Journal(path)
    except JournalTaken as taken:
        raise OptionRefused(f"data_dir: another paper exchange runs in {path.parent}") from taken
    now = int(clock.now().timestamp() * 1000)
    try:
        feed = open_feed(options, now, last_position(journals.read(path)))
        venue = Venue(options, clock, journal, feed.halls())
        rebuild(venue, journals.read(path))
    except BaseException:
        journal.close()
        raise
    return venue, feed


@asynccontextmanager
async def listening(
    options: PaperOptions, clock: Clock | None = None
) -> AsyncIterator[PaperExchange]:
    """Serves until the block ends; then the journal is whole on disk."""
    venue, feed = open_venue(options, clock or SystemClock())
    keys = KeyRing(options.data_dir / "paper" / "keys.json")
    gateway = Gateway(venue, keys, Limiter(options.limits))
    # Numbers that go on growing after a restart.
    views = {symbol: DepthView(hall, venue.now()) for symbol, hall in venue.halls.items()}
    hub = StreamHub(venue, views)
    bybit = Bybit(venue, keys)
    faults = FaultControl()
    doorway = Doorway(venue, keys, faults)
    gateway.on_its_way = bybit.gateway.on_its_way = doorway.on_its_way
    venue.look = doorway.look
    app = web.Application(middlewares=[doorway.handle])
    app[MEDDLER] = streams = StreamFaults(faults)
    add_bybit_routes(app.router, bybit)
    _add_routes(
        app,
        RestDoor(gateway, rest_endpoints(views)),
        StreamDoor(hub, venue).handle,
        UserDoor(gateway).handle,
        ControlDoor(venue, keys, feed),
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    failure: BaseException | None = None
    try:
        site = web.TCPSite(runner, options.host, options.port, backlog=1024)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with (
            serving_faults(options.fault_port, faults, venue, streams) as faults_url,
            asyncio.TaskGroup() as tasks,
        ):
            works = (feed.run(venue), hub.run(), bybit.engine.run(), bybit.hub.run())
            beside = [tasks.create_task(work) for work in works]
            url = f"http://{host}:{port}"
            try:
                yield PaperExchange(url, faults_url, options, venue, feed, gateway, keys, bybit)
            except BaseException as error:  # noqa: BLE001  # because a group would wrap it
                failure = error
            for task in beside:
                task.cancel()
        if failure is not None:
            raise failure
    finally:
        doorway.close()
        await runner.cleanup()
        venue.close(feed.position())


Door = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _add_routes(
    app: web.Application, rest: RestDoor, streams: Door, user: Door, control: ControlDoor
) -> None:
    router = app.router
    router.add_post("/paper/keys", control.register)
    router.add_get("/paper/accounts", control.account)
    router.add_get("/paper/journal", control.read_journal)
    router.add_get("/paper/status", control.status)
    router.add_get("/binance/stream", streams)
    router.add_get("/binance/stream/ws", streams)
    # ccxt.pro numbers its sockets: /stream/ws/0; a name there is a stream to begin with.
    router.add_get("/binance/stream/ws/{name:.+}", streams)
    router.add_get("/binance/ws-api/v3", user)
    router.add_route("*", "/binance/{path:.+}", rest.handle)
