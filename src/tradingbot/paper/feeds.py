"""Where paper prices come from."""

from collections.abc import Mapping
from typing import Any, Protocol

from tradingbot.paper.hall import Hall
from tradingbot.paper.options import OptionRefused, PaperOptions
from tradingbot.paper.replay import ReplayFeed
from tradingbot.paper.synthetic import SyntheticFeed
from tradingbot.paper.venue import Venue


class Feed(Protocol):
    """Prices over time. `position` is what it needs to go on from there after a restart."""

    @property
    def finished(self) -> bool: ...

    def halls(self) -> dict[str, Hall]: ...

    def position(self) -> dict[str, Any]: ...

    async def run(self, venue: Venue) -> None: ...


def open_feed(options: PaperOptions, now: int, position: Mapping[str, Any] | None) -> Feed:
    """Raises OptionRefused. A position of another feed is no use to this one."""
    known = position if position and position.get("feed") == options.feed else None
    if options.feed == "synthetic":
        return SyntheticFeed(options, now, known)
    kind, _, file = options.feed.partition(":")
    if kind == "replay" and file:
        return ReplayFeed(options, file, known)
    if kind == "live":
        raise OptionRefused("feed: live needs the internet and is not offered: synthetic or replay")
    raise OptionRefused(f"feed: {options.feed!r} is none of synthetic, replay:FILE")
