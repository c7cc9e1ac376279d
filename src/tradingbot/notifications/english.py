"""Every message in English."""

from tradingbot.events.schemas import EventType
from tradingbot.notifications.wording import Entry, Language, Line

BOT = Line("Bot", "{bot}", bare=True)
ACCOUNT = Line("Account", "{account}", bare=True)
WHAT = Line("What", "{strategy} on {symbol}", bare=True)
SYMBOL = Line("Market", "{symbol}", bare=True)
ORDER = Line("Order", "{side} {quantity} {symbol}", bare=True, instead=SYMBOL)
EXCHANGE = Line("Exchange", "{exchange}", bare=True)
MODE = Line("Money", "{mode}", bare=True)
LIMIT = Line("Price", "{price} {quote}")
AVERAGE = Line("Price", "{average_price} {quote}", instead=LIMIT)
AMOUNT = Line("Amount", "{amount} {quote}")
FILLED = Line("Filled", "{filled_quantity} {base}")
FEE = Line("Fee", "{fee} {fee_currency}")
PROFIT = Line("Profit", "{profit} {profit_currency}")
WHY = Line("Why", "{reason}", bare=True)
NOTE = Line("Note", "{reason}", bare=True)

ENGLISH = Language(
    entries={
        EventType.BOT_CREATED: Entry("Bot created", (BOT, WHAT, EXCHANGE, MODE)),
        EventType.BOT_STARTED: Entry("Bot started", (BOT, WHAT)),
        EventType.BOT_STOPPED: Entry(
            "Bot stopped",
            (BOT, WHAT, PROFIT, WHY),
            "Look whether it left coins or orders behind before you start it again.",
        ),
        EventType.BOT_ERROR: Entry(
            "Bot in trouble",
            (BOT, WHAT, WHY),
            "Open the bot, see what it holds, put right what is said above, and start it again.",
        ),
        EventType.ORDER_PLACED: Entry("Order placed", (BOT, ORDER, LIMIT, AMOUNT, WHY)),
        EventType.ORDER_FILLED: Entry("Order filled", (BOT, ORDER, AVERAGE, AMOUNT, FEE, PROFIT)),
        EventType.ORDER_CANCELLED: Entry("Order cancelled", (BOT, ORDER, LIMIT, FILLED, WHY)),
        EventType.EXCHANGE_ERROR: Entry(
            "The exchange refused",
            (BOT, ORDER, LIMIT, WHY),
            "Look at the balance and the key's rights at the exchange; the order was not placed.",
        ),
        EventType.TARGET_REACHED: Entry("Target reached", (BOT, SYMBOL, PROFIT, WHY)),
        EventType.DEAL_CLOSED: Entry("Deal closed", (BOT, SYMBOL, PROFIT, WHY)),
        EventType.ACCOUNT_WARNING: Entry(
            "Look at your account",
            (ACCOUNT, EXCHANGE, SYMBOL, WHY),
            "Compare it with the exchange; bots that use it may be waiting for you.",
        ),
        EventType.DAILY_SUMMARY: Entry(
            "Your day",
            (
                Line("Fills", "{fills}"),
                PROFIT,
                Line("Also", "{more_profit}"),
                Line("Fees", "{fees} {quote}"),
                Line("Fees", "{fees_paid}"),
                Line("Best bot", "{best_bot}: {best_profit} {profit_currency}"),
                Line("Weakest bot", "{worst_bot}: {worst_profit} {profit_currency}"),
                Line("Open orders", "{open_orders}"),
                NOTE,
            ),
        ),
    },
    test=Entry("Test", (Line("Channel", "{channel}"),), "It works: messages will come here."),
    digest_title="{count} messages at once",
    counts={
        EventType.BOT_CREATED: "Bots created",
        EventType.BOT_STARTED: "Bots started",
        EventType.BOT_STOPPED: "Bots stopped",
        EventType.BOT_ERROR: "Bots in trouble",
        EventType.ORDER_PLACED: "Orders placed",
        EventType.ORDER_FILLED: "Orders filled",
        EventType.ORDER_CANCELLED: "Orders cancelled",
        EventType.EXCHANGE_ERROR: "Refused by the exchange",
        EventType.TARGET_REACHED: "Targets reached",
        EventType.DEAL_CLOSED: "Deals closed",
        EventType.ACCOUNT_WARNING: "Account warnings",
        EventType.DAILY_SUMMARY: "Daily summaries",
    },
    profit="Profit",
    period="Period",
    latest="Important",
    words={"paper": "play money", "testnet": "testnet", "live": "real money"},
)
