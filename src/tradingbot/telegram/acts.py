"""What a person may do from a chat. What spends or sells is asked about first.

Everything says what shall be, so that the same asked twice changes nothing more.
"""

from collections.abc import Awaitable

from tradingbot.events.schemas import EventType
from tradingbot.kit.errors import Fact
from tradingbot.kit.pagination import ID_MAX, decode
from tradingbot.notifications import service as notifications
from tradingbot.notifications.schemas import NotificationSettings
from tradingbot.orders import repository as order_rows
from tradingbot.orders.errors import OrderEnded
from tradingbot.telegram import bot_screens, money_screens, repository, settings_screens, views
from tradingbot.telegram.asking import Asking
from tradingbot.telegram.bot_screens import OFF
from tradingbot.telegram.screens import Screen
from tradingbot.telegram.words import CATALOGUES, Words
from tradingbot.trading.event import OnStop

AT_ONCE = 100
YES = "yes"
SWITCH = {"on": True, "off": False}


async def start_bot(asking: Asking) -> Screen:
    if not asking.arg(0):
        return await views.choice(asking, "startbot")
    bot = await asking.bot()
    if asking.arg(1) != YES and bot.status in OFF:
        return bot_screens.really_start(asking.words, bot)
    started = await asking.desks.bots.start(asking.user_id, bot.id)
    return bot_screens.under_way(asking.words, started, "bot.starts")


async def stop_bot(asking: Asking) -> Screen:
    if not asking.arg(0):
        return await views.choice(asking, "stopbot")
    bot = await asking.bot()
    if asking.arg(1) not in set(OnStop):
        return bot_screens.how_to_stop(asking.words, bot)
    on_stop = OnStop(asking.arg(1))
    if on_stop is OnStop.SELL and asking.arg(2) != YES:
        return bot_screens.really_sell(asking.words, bot)
    stopped = await asking.desks.bots.stop(asking.user_id, bot.id, on_stop)
    return bot_screens.under_way(asking.words, stopped, "bot.stops")


async def panic(asking: Asking) -> Screen:
    """Bots first: one that still ran would wonder where its orders went."""
    if asking.arg(0) != YES:
        return money_screens.really_panic(asking.words)
    left: list[str] = []
    bots = [await _tried(left, _stop(asking, bot_id)) for bot_id in await _running(asking)]
    orders = [await _tried(left, _cancel(asking, order_id)) for order_id in await _live(asking)]
    return money_screens.panicked(asking.words, sum(bots), sum(orders), left)


async def set_settings(asking: Asking) -> Screen:
    what, wish = asking.arg(0), asking.arg(1)
    if what == "unlink":
        if wish != YES:
            return settings_screens.really_unlink(asking.words)
        await asking.desks.chats.unlink(asking.user_id, asking.chat.id)
        return Screen(asking.words.say("settings.unlinked"))
    if what == "telegram" and wish in SWITCH:
        on = SWITCH[wish]
        changes = NotificationSettings(telegram_enabled=on)
        if on:
            changes = NotificationSettings(telegram_enabled=on, telegram_chat_id=asking.chat.id)
        await asking.desks.notifications.put_settings(asking.user_id, changes)
    return await views.settings(asking)


async def set_notifications(asking: Asking) -> Screen:
    kind, wish = asking.arg(0), asking.arg(1)
    if kind in set(EventType) and wish in SWITCH:
        async with asking.desks.database.begin() as connection:
            before = await notifications.get_settings(connection, asking.user_id)
        after = [
            each
            for each in EventType
            if (SWITCH[wish] if each == kind else each in before.enabled_events)
        ]
        changes = NotificationSettings(enabled_events=after)
        await asking.desks.notifications.put_settings(asking.user_id, changes)
    return await views.told(asking)


async def set_language(asking: Asking) -> Screen:
    """Of this chat; and where its person acts, of everything he is told."""
    code = asking.arg(0).lower()
    if code not in CATALOGUES:
        key = "lang.unknown" if code else "lang.title"
        return settings_screens.languages(asking.words, key)
    async with asking.desks.database.begin() as connection:
        await repository.set_language(connection, asking.chat.id, code)
    if asking.acts:
        changes = NotificationSettings.model_validate({"language": code})
        await asking.desks.notifications.put_settings(asking.user_id, changes)
    return settings_screens.languages(Words(code), "lang.done")


async def _tried(left: list[str], act: Awaitable[bool]) -> bool:
    """Whether it did something. What goes wrong with one must not keep another from its turn."""
    try:
        return await act
    except Fact as fact:
        left.append(fact.message)
        return False


async def _stop(asking: Asking, bot_id: int) -> bool:
    await asking.desks.bots.stop(asking.user_id, bot_id, OnStop.CANCEL)
    return True


async def _cancel(asking: Asking, order_id: int) -> bool:
    try:
        await asking.desks.orders.cancel(asking.user_id, order_id)
    except OrderEnded:
        return False
    return True


async def _running(asking: Asking) -> list[int]:
    found: list[int] = []
    before: int | None = ID_MAX
    while before is not None:
        lines, more = await views.lines(asking, before, AT_ONCE)
        found += [line.id for line in lines if line.status not in OFF]
        before = None if more is None else decode(more)
    return found


async def _live(asking: Asking) -> list[int]:
    found: list[int] = []
    async with asking.desks.database.reading() as connection:
        before: int | None = None
        while page := await order_rows.page(
            connection, asking.user_id, live=True, before_id=before, limit=AT_ONCE
        ):
            found += [order.id for order in page]
            before = page[-1].id
    return found
