"""News that comes twice, late, never or as nonsense, and sockets that fall silent or end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from tradingbot.paper.arrivals import Arrival, arrival
from tradingbot.paper.fault_nonsense import absurd, garbage
from tradingbot.paper.faults import Fault, FaultControl, Standing
from tradingbot.paper.wire import Wire


@dataclass(slots=True)
class Held:
    """An event that waits until the next one has gone."""

    event: bytes
    timer: asyncio.TimerHandle


class StreamFaults:
    def __init__(self, faults: FaultControl) -> None:
        self._faults = faults
        self._wires: dict[Wire, Arrival] = {}  # in the order they were opened
        self._held: dict[Wire, Held] = {}

    def opened(self, wire: Wire) -> None:
        came = arrival(wire.request.method, wire.request.path, "")
        assert came is not None
        self._wires[wire] = came

    def closed(self, wire: Wire) -> None:
        self._wires.pop(wire, None)
        if held := self._held.pop(wire, None):
            held.timer.cancel()

    def begin(self) -> None:
        """New rules end every silence; what needs no event to happen happens now."""
        for wire, came in list(self._wires.items()):
            wire.silent_until = 0.0
            struck = self._faults.strike_idle(came.exchange, came.on)
            if struck is not None:
                HARMS[struck.rule.fault](wire, b"", struck)

    def pass_on(self, wire: Wire, event: bytes) -> None:
        came = self._wires.get(wire)
        if wire.silent or came is None or not (self._faults.standing or self._held):
            wire.put(event)
            return
        struck = self._faults.strike(came.exchange, came.on) if self._faults.standing else None
        if struck is None:
            wire.put(event)
        elif struck.rule.fault is Fault.REORDER and wire not in self._held:
            later = asyncio.get_running_loop().call_later(struck.rule.seconds, self._release, wire)
            self._held[wire] = Held(event, later)
            return
        else:
            HARMS[struck.rule.fault](wire, event, struck)
        self._release(wire)

    def _release(self, wire: Wire) -> None:
        if held := self._held.pop(wire, None):
            held.timer.cancel()
            wire.put(held.event)


Harm = Callable[[Wire, bytes, Standing], None]


def _twice(wire: Wire, event: bytes, _: Standing) -> None:
    wire.put(event)
    wire.put(event)


def _never(_: Wire, __: bytes, ___: Standing) -> None:
    return


def _as_it_is(wire: Wire, event: bytes, _: Standing) -> None:
    wire.put(event)


def _silence(wire: Wire, _: bytes, struck: Standing) -> None:
    wire.silent_until = monotonic() + struck.rule.seconds


def _tear(wire: Wire, _: bytes, __: Standing) -> None:
    wire.tear()


def _garbage(wire: Wire, event: bytes, struck: Standing) -> None:
    wire.put(garbage(event, struck.taste))
    wire.put(event)


def _absurd(wire: Wire, event: bytes, struck: Standing) -> None:
    wire.put(absurd(event, struck.taste))
    wire.put(event)


HARMS: dict[Fault, Harm] = {
    Fault.DUPLICATE: _twice,
    Fault.REORDER: _as_it_is,  # the one before it still waits: this one overtakes
    Fault.OMIT: _never,
    Fault.SILENCE: _silence,
    Fault.CUT: _tear,
    Fault.GARBAGE: _garbage,
    Fault.ABSURD: _absurd,
}
