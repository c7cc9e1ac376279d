"""What a person may look at from a chat; nothing here changes anything."""

from tradingbot.bots import repository as bot_rows
from tradingbot.events import service as events
from tradingbot.kit.pagination import encode
from tradingbot.notifications import service as notifications
from tradingbot.orders import repository as order_rows
from tradingbot.orders.schemas import view
from tradingbot.telegram import bot_screens, money_screens, settings_screens
from tradingbot.telegram.asking import FIRST, Asking
from tradingbot.telegram.bot_screens import BotLine
from tradingbot.telegram.screens import Screen

BOTS_A_PAGE = 8
EARNINGS_A_PAGE = 6
ACCOUNTS_A_PAGE = 3
ORDERS_A_PAGE = 10
EVENTS_A_PAGE = 8
CHOICES = ("startbot", "stopbot", "why")


async def bots(asking: Asking) -> Screen:
    """Some of them, to look at or, with a verb, to choose from."""
    verb = asking.arg(1) if asking.arg(1) in CHOICES else "bot"
    found, more = await lines(asking, asking.before(0), BOTS_A_PAGE)
    return bot_screens.bots(asking.words, found, more, verb)


async def choice(asking: Asking, verb: str) -> Screen:
    found, more = await lines(asking, asking.before(0), BOTS_A_PAGE)
    return bot_screens.bots(asking.words, found, more, verb)


async def lines(asking: Asking, before: int, count: int) -> tuple[list[BotLine], str | None]:
    """The newest bots below an id, and the cursor to more."""
    async with asking.desks.database.asking() as driver:
        rows = await bot_rows.page_for_active(driver, asking.user_id, before, count + 1) or []
    found = [BotLine(row["id"], row["name"], row["symbol"], row["status"]) for row in rows[:count]]
    return found, encode(found[-1].id) if len(rows) > count else None


async def bot(asking: Asking) -> Screen:
    if not asking.arg(0):
        return await bots(asking)
    shown = await asking.bot()
    earned = await asking.desks.bots.performance(asking.user_id, shown.id)
    return bot_screens.bot(asking.words, shown, earned, acts=asking.acts)


async def why(asking: Asking) -> Screen:
    if not asking.arg(0):
        return await choice(asking, "why")
    shown = await asking.bot()
    cursor = None if asking.arg(1) in {"", FIRST} else asking.arg(1)
    async with asking.desks.database.reading() as connection:
        page = await events.of_bot(connection, asking.user_id, shown.id, cursor, EVENTS_A_PAGE)
    return bot_screens.why(asking.words, shown, page.items, page.next_cursor)


async def status(asking: Asking) -> Screen:
    stats = await asking.desks.bots.stats(asking.user_id)
    return money_screens.status(asking.words, stats, acts=asking.acts)


async def profit(asking: Asking) -> Screen:
    desk = asking.desks.bots
    stats = await desk.stats(asking.user_id)
    found, more = await lines(asking, asking.before(0), EARNINGS_A_PAGE)
    earned = [(line, await desk.performance(asking.user_id, line.id)) for line in found]
    return money_screens.profit(asking.words, stats, earned, more)


async def balance(asking: Asking) -> Screen:
    desks = asking.desks
    cursor = asking.arg(0) or None
    page = await desks.accounts.page(asking.user_id, cursor, ACCOUNTS_A_PAGE)
    books = [
        (account, await desks.ledger.of_account(asking.user_id, account.id))
        for account in page.items
    ]
    return money_screens.balance(asking.words, books, page.next_cursor)


async def orders(asking: Asking) -> Screen:
    every = asking.arg(0) == "all"
    async with asking.desks.database.reading() as connection:
        found = await order_rows.page(
            connection,
            asking.user_id,
            live=not every,
            before_id=asking.before(1),
            limit=ORDERS_A_PAGE + 1,
        )
    shown = [view(order) for order in found[:ORDERS_A_PAGE]]
    more = encode(shown[-1].id) if len(found) > ORDERS_A_PAGE else None
    return money_screens.orders(asking.words, shown, more, every=every)


async def settings(asking: Asking) -> Screen:
    async with asking.desks.database.begin() as connection:
        chosen = await notifications.get_settings(connection, asking.user_id)
    return settings_screens.settings(asking.words, chosen, asking.chat.role)


async def told(asking: Asking) -> Screen:
    async with asking.desks.database.begin() as connection:
        chosen = await notifications.get_settings(connection, asking.user_id)
    return settings_screens.notifications(asking.words, chosen.enabled_events)
