"""Everything that can be asked: by whom, and who answers. /help and the menu are drawn from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from tradingbot.telegram import acts, settings_screens, views
from tradingbot.telegram.asking import Asking
from tradingbot.telegram.schemas import Role
from tradingbot.telegram.screens import Screen

Answer: TypeAlias = Callable[[Asking], Awaitable[Screen]]


@dataclass(frozen=True, slots=True)
class Command:
    """`role`: the least that may ask. `with_args`: of these, who may; else the same."""

    answer: Answer
    role: Role = Role.VIEWER
    with_args: Role | None = None

    def role_for(self, args: tuple[str, ...]) -> Role:
        return self.with_args if args and self.with_args is not None else self.role


async def help_page(asking: Asking) -> Screen:
    names = [name for name in COMMANDS if asking.acts or COMMANDS[name].role is Role.VIEWER]
    return settings_screens.help_page(asking.words, names, acts=asking.acts)


async def greet_again(asking: Asking) -> Screen:
    return Screen(asking.words.say("greet.again"))


COMMANDS: dict[str, Command] = {
    "bots": Command(views.bots),
    "bot": Command(views.bot),
    "status": Command(views.status),
    "profit": Command(views.profit),
    "balance": Command(views.balance),
    "orders": Command(views.orders),
    "why": Command(views.why),
    "startbot": Command(acts.start_bot, Role.OPERATOR),
    "stopbot": Command(acts.stop_bot, Role.OPERATOR),
    "panic": Command(acts.panic, Role.OPERATOR),
    "notifications": Command(acts.set_notifications, with_args=Role.OPERATOR),
    "settings": Command(acts.set_settings, with_args=Role.OPERATOR),
    "lang": Command(acts.set_language),
    "start": Command(greet_again),
    "help": Command(help_page),
}
