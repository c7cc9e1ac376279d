"""Bots in a chat: a list of them, one by itself, what it did, and whether it really shall."""

from collections.abc import Sequence
from dataclasses import dataclass

from tradingbot.bots.repository import Bot
from tradingbot.bots.schemas import PerformanceView
from tradingbot.events.schemas import EventView
from tradingbot.telegram.screens import Button, Screen, screen
from tradingbot.telegram.words import Words, amount, signed

NAME_CHARACTERS_MAX = 32
OFF = ("stopped", "error")
MARKS = {
    "running": "🟢",
    "starting": "🟡",
    "stopping": "🟡",
    "paused": "⏸",
    "error": "🔴",
    "stopped": "⚪️",
}


@dataclass(frozen=True, slots=True)
class BotLine:
    """As much of a bot as a list shows."""

    id: int
    name: str
    symbol: str
    status: str

    @property
    def mark(self) -> str:
        return MARKS.get(self.status, "•")


def line_of(bot: Bot) -> BotLine:
    return BotLine(bot.id, bot.name, bot.symbol, bot.status)


def bots(words: Words, found: Sequence[BotLine], more: str | None, verb: str) -> Screen:
    """`verb` is what a press on one asks for: to see it, to start it, to stop it, why."""
    if not found:
        return Screen(words.say("bots.none"))
    title = "bots.title" if verb == "bot" else f"bots.which_{verb.removesuffix('bot')}"
    lines = [
        words.say(
            "bots.line",
            mark=bot.mark,
            name=bot.name,
            symbol=bot.symbol,
            status=words.word("status", bot.status),
        )
        for bot in found
    ]
    buttons = [[_bot_button(words, bot, verb)] for bot in found]
    return screen([words.say(title), *lines], *buttons, _bots_turning(words, more, verb))


def bot(words: Words, shown: Bot, earned: PerformanceView, *, acts: bool) -> Screen:
    """`acts`: with what starts and stops it."""
    line = line_of(shown)
    lines = [
        words.say("bot.title", mark=line.mark, name=shown.name, id=shown.id),
        words.say(
            "bot.market",
            strategy=words.word("strategy", shown.strategy),
            symbol=shown.symbol,
            exchange=shown.exchange.capitalize(),
            mode=words.word("mode", shown.mode),
        ),
        words.say("bot.status", status=words.word("status", shown.status)),
    ]
    if shown.status_reason:
        lines.append(words.say("bot.reason", reason=words.reason(shown.status_reason)))
    held = ", ".join(f"{amount(each)} {asset}" for asset, each in earned.holdings.items())
    lines.append(words.say("bot.holdings", holdings=held or words.label("balance.nothing")))
    lines.append(words.say("bot.price", price=amount(earned.price), quote=earned.quote))
    lines.append(
        words.say(
            "bot.profit",
            realised=signed(earned.realised),
            unrealised=signed(earned.unrealised),
            quote=earned.quote,
        )
    )
    lines.append(words.say("bot.count", fills=earned.fills, open=earned.orders_open))
    turned = "start" if shown.status in OFF else "stop"
    switch = [Button(words.label(f"button.{turned}"), f"{turned}bot {shown.id}")] if acts else []
    return screen(
        lines,
        [*switch, Button(words.label("button.why"), f"why {shown.id}")],
        [
            Button(words.label("button.refresh"), f"bot {shown.id}"),
            Button(words.label("button.bots"), "bots"),
        ],
    )


def why(words: Words, shown: Bot, events: Sequence[EventView], more: str | None) -> Screen:
    lines = [
        words.say(
            "why.line",
            at=f"{event.created_at:%d.%m. %H:%M:%S} UTC",
            message=words.reason(event.message),
        )
        for event in events
    ]
    turning = [Button(words.label("button.bot", mark="◂", name=_short(shown.name)), _ask(shown))]
    if more is not None:
        turning.append(Button(words.label("button.more"), f"why {shown.id} {more}"))
    title = words.say("why.title", name=shown.name)
    return screen([title, *(lines or [words.say("why.none")])], turning)


def really_start(words: Words, shown: Bot) -> Screen:
    mode = words.word("mode", shown.mode)
    asked = words.say("bot.start_ask", name=shown.name, symbol=shown.symbol, mode=mode)
    yes = Button(words.label("button.start_yes"), f"startbot {shown.id} yes")
    return screen([asked], [yes, Button(words.label("button.no"), _ask(shown))])


def how_to_stop(words: Words, shown: Bot) -> Screen:
    ways = [
        [Button(words.label(f"button.{way}"), f"stopbot {shown.id} {way}")]
        for way in ("cancel", "keep", "sell")
    ]
    asked = words.say("bot.stop_ask", name=shown.name)
    return screen([asked], *ways, [Button(words.label("button.no"), _ask(shown))])


def really_sell(words: Words, shown: Bot) -> Screen:
    asked = words.say("bot.sell_ask", name=shown.name)
    yes = Button(words.label("button.sell_yes"), f"stopbot {shown.id} sell yes")
    return screen([asked], [yes], [Button(words.label("button.no"), _ask(shown))])


def under_way(words: Words, shown: Bot, key: str) -> Screen:
    """`key`: what has begun, bot.starts or bot.stops."""
    refresh = Button(words.label("button.refresh"), _ask(shown))
    return screen(
        [words.say(key, name=shown.name)], [refresh, Button(words.label("button.bots"), "bots")]
    )


def _bot_button(words: Words, shown: BotLine, verb: str) -> Button:
    label = words.label("button.bot", mark=shown.mark, name=_short(shown.name))
    return Button(label, f"{verb} {shown.id}")


def _bots_turning(words: Words, more: str | None, verb: str) -> list[Button]:
    about = "" if verb == "bot" else f" {verb}"
    turning = [Button(words.label("button.refresh"), f"bots first{about}")]
    if more is not None:
        turning.append(Button(words.label("button.more"), f"bots {more}{about}"))
    return turning


def _ask(shown: Bot) -> str:
    return f"bot {shown.id}"


def _short(name: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in name).strip()
    return line if len(line) <= NAME_CHARACTERS_MAX else f"{line[:NAME_CHARACTERS_MAX]}…"
