"""The chat itself: a greeting, help, what is told here, in which language."""

from collections.abc import Sequence

from tradingbot.events.schemas import EventType
from tradingbot.notifications.schemas import EVERY_EVENT, NotificationSettings
from tradingbot.telegram.screens import Button, Screen, screen
from tradingbot.telegram.words import Words

SELF_NAMES = {"en": "English", "ru": "Русский"}


def help_page(words: Words, names: Sequence[str], *, acts: bool) -> Screen:
    lines = [
        words.say("help.line", name=name, what=words.label(f"command.{name}")) for name in names
    ]
    lines += [] if acts else [words.say("help.viewer")]
    asks = [Button(words.label(f"button.{name}"), name) for name in ("bots", "status", "profit")]
    return screen([words.say("help.title"), *lines], asks)


def settings(words: Words, chosen: NotificationSettings, role: str) -> Screen:
    lines = [
        words.say("settings.title"),
        words.say("settings.chat", role=words.word("role", role)),
        words.say("settings.language"),
        words.say("settings.telegram", on=_on(words, on=chosen.telegram_enabled)),
        words.say("settings.email", on=_on(words, on=chosen.email_enabled)),
        words.say("settings.webhook", on=_on(words, on=chosen.webhook_enabled)),
        words.say("settings.events", count=len(chosen.enabled_events), all=len(EVERY_EVENT)),
    ]
    wish = "off" if chosen.telegram_enabled else "on"
    return screen(
        lines,
        [
            Button(words.label("button.notifications"), "notifications"),
            Button(words.label("button.language"), "lang"),
        ],
        [
            Button(words.label(f"button.telegram_{wish}"), f"settings telegram {wish}"),
            Button(words.label("button.unlink"), "settings unlink"),
        ],
    )


def really_unlink(words: Words) -> Screen:
    yes = Button(words.label("button.unlink_yes"), "settings unlink yes")
    return screen(
        [words.say("settings.unlink_ask")], [yes, Button(words.label("button.no"), "settings")]
    )


def notifications(words: Words, enabled: Sequence[EventType]) -> Screen:
    """Each button says what shall be, so that a press that comes twice does the same again."""
    buttons = [
        Button(
            words.label(
                "button.event_on" if kind in enabled else "button.event_off",
                event=words.word("event", kind),
            ),
            f"notifications {kind} {'off' if kind in enabled else 'on'}",
        )
        for kind in EVERY_EVENT
    ]
    pairs = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    back = Button(words.label("button.back"), "settings")
    return screen([words.say("notifications.title")], *pairs, [back])


def languages(words: Words, key: str = "lang.title") -> Screen:
    buttons = [Button(name, f"lang {code}") for code, name in SELF_NAMES.items()]
    return screen([words.say(key)], buttons, [Button(words.label("button.back"), "settings")])


def _on(words: Words, *, on: bool) -> str:
    return words.label("on.yes" if on else "on.no")
