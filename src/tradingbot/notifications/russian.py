"""Every message in Russian."""

from tradingbot.events.schemas import EventType
from tradingbot.notifications.wording import Entry, Language, Line

BOT = Line("Бот", "{bot}", bare=True)
ACCOUNT = Line("Счёт", "{account}", bare=True)
WHAT = Line("Что", "{strategy}, {symbol}", bare=True)
SYMBOL = Line("Рынок", "{symbol}", bare=True)
ORDER = Line("Ордер", "{side} {quantity} {symbol}", bare=True, instead=SYMBOL)
EXCHANGE = Line("Биржа", "{exchange}", bare=True)
MODE = Line("Деньги", "{mode}", bare=True)
LIMIT = Line("Цена", "{price} {quote}")
AVERAGE = Line("Цена", "{average_price} {quote}", instead=LIMIT)
AMOUNT = Line("Сумма", "{amount} {quote}")
FILLED = Line("Исполнено", "{filled_quantity} {base}")
FEE = Line("Комиссия", "{fee} {fee_currency}")
PROFIT = Line("Прибыль", "{profit} {profit_currency}")
WHY = Line("Почему", "{reason}", bare=True)
NOTE = Line("Заметка", "{reason}", bare=True)

RUSSIAN = Language(
    entries={
        EventType.BOT_CREATED: Entry("Бот создан", (BOT, WHAT, EXCHANGE, MODE)),
        EventType.BOT_STARTED: Entry("Бот запущен", (BOT, WHAT)),
        EventType.BOT_STOPPED: Entry(
            "Бот остановлен",
            (BOT, WHAT, PROFIT, WHY),
            "Прежде чем запускать снова, проверьте, не остались ли после него монеты или ордера.",
        ),
        EventType.BOT_ERROR: Entry(
            "Ошибка бота",
            (BOT, WHAT, WHY),
            "Откройте бота, проверьте, что у него есть, исправьте причину и запустите его снова.",
        ),
        EventType.ORDER_PLACED: Entry("Ордер размещён", (BOT, ORDER, LIMIT, AMOUNT, WHY)),
        EventType.ORDER_FILLED: Entry("Ордер исполнен", (BOT, ORDER, AVERAGE, AMOUNT, FEE, PROFIT)),
        EventType.ORDER_CANCELLED: Entry("Ордер отменён", (BOT, ORDER, LIMIT, FILLED, WHY)),
        EventType.EXCHANGE_ERROR: Entry(
            "Биржа отказала",
            (BOT, ORDER, LIMIT, WHY),
            "Проверьте баланс и права ключа на бирже; ордер не размещён.",
        ),
        EventType.TARGET_REACHED: Entry("Цель достигнута", (BOT, SYMBOL, PROFIT, WHY)),
        EventType.DEAL_CLOSED: Entry("Сделка закрыта", (BOT, SYMBOL, PROFIT, WHY)),
        EventType.ACCOUNT_WARNING: Entry(
            "Проверьте счёт",
            (ACCOUNT, EXCHANGE, SYMBOL, WHY),
            "Сравните его с биржей; возможно, боты на нём ждут вашего решения.",
        ),
        EventType.DAILY_SUMMARY: Entry(
            "Итоги дня",
            (
                Line("Сделок", "{fills}"),
                PROFIT,
                Line("Ещё", "{more_profit}"),
                Line("Комиссии", "{fees} {quote}"),
                Line("Комиссии", "{fees_paid}"),
                Line("Лучший бот", "{best_bot}: {best_profit} {profit_currency}"),
                Line("Слабейший бот", "{worst_bot}: {worst_profit} {profit_currency}"),
                Line("Открытых ордеров", "{open_orders}"),
                NOTE,
            ),
        ),
    },
    test=Entry(
        "Проверка",
        (Line("Канал", "{channel}"),),
        "Работает: сообщения будут приходить сюда.",
    ),
    digest_title="Сообщений сразу: {count}",
    counts={
        EventType.BOT_CREATED: "Ботов создано",
        EventType.BOT_STARTED: "Ботов запущено",
        EventType.BOT_STOPPED: "Ботов остановлено",
        EventType.BOT_ERROR: "Ошибок ботов",
        EventType.ORDER_PLACED: "Ордеров размещено",
        EventType.ORDER_FILLED: "Ордеров исполнено",
        EventType.ORDER_CANCELLED: "Ордеров отменено",
        EventType.EXCHANGE_ERROR: "Отказов биржи",
        EventType.TARGET_REACHED: "Целей достигнуто",
        EventType.DEAL_CLOSED: "Сделок закрыто",
        EventType.ACCOUNT_WARNING: "Предупреждений о счёте",
        EventType.DAILY_SUMMARY: "Итогов дня",
    },
    profit="Прибыль",
    period="Период",
    latest="Важное",
    thousands=" ",
    point=",",
    words={
        "buy": "покупка",
        "sell": "продажа",
        "paper": "учебный счёт",
        "testnet": "тестовая сеть",
        "live": "настоящие деньги",
        "grid": "сетка",
    },
)
