"""Every screen with the same made-up bots, as text: for golden files, and to be looked at."""

from datetime import UTC, datetime
from pathlib import Path

from tradingbot.bots.repository import Bot
from tradingbot.bots.schemas import PerformanceView, StatsView
from tradingbot.events.schemas import EventType, EventView
from tradingbot.exchanges.ports import Mode
from tradingbot.exchanges.schemas import AccountView
from tradingbot.ledger.schemas import CoinView, LedgerView, ShareView
from tradingbot.notifications.schemas import NotificationSettings
from tradingbot.orders.schemas import OrderView
from tradingbot.telegram import bot_screens, money_screens, settings_screens
from tradingbot.telegram.commands import COMMANDS
from tradingbot.telegram.screens import Screen
from tradingbot.telegram.words import CATALOGUES, Words
from tradingbot.trading.order import OrderStatus

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def a_bot(number: int, name: str, status: str, reason: str = "") -> Bot:
    return Bot(
        id=number,
        name=name,
        exchange="binance",
        account_id=1,
        api_key_hint="…1234",
        strategy="grid",
        symbol="BTC/USDT",
        params={},
        mode="paper",
        wanted="running",
        status=status,
        status_reason=reason,
        on_stop="cancel",
        started_at=AT,
        created_at=AT,
        updated_at=AT,
    )


CALM = a_bot(1, "Calm <& co>", "running")
LOST = a_bot(2, "Lost", "error", "the price left the range")
LINES = [bot_screens.line_of(bot) for bot in (CALM, LOST)]
EARNED = PerformanceView(
    bot_id=1,
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    holdings={"BTC": "0.0007992", "USDT": "5100.968"},
    holding="0.0007992",
    average_price="60060.06",
    price="60100",
    value="48.03192",
    realised="12.5",
    unrealised="-0.03192",
    fees={"BTC": "0.0000008"},
    fills=7,
    orders_open=9,
    completed=3,
    strategy={},
)
STATS = StatsView(
    bots={"running": 1, "error": 1},
    orders_open=9,
    orders=20,
    fills=7,
    realised={"USDT": "12.5", "USDC": "-1.25"},
    fees={"USDT": "0.5"},
)
EMPTY = StatsView(bots={}, orders_open=0, orders=0, fills=0, realised={}, fees={})
ACCOUNT = AccountView(
    id=1,
    exchange="binance",
    mode=Mode.PAPER,
    name="Main",
    api_key_hint="…1234",
    created_at=AT,
    held_since=AT,
    held_reason="an order there is not in our books",
)
LEDGER = LedgerView(
    account_id=1,
    coins=[
        CoinView(
            asset="USDT",
            free="99900",
            bots=[ShareView(bot_id=1, name="Calm", amount="100")],
            total="100000",
            exchange="100000",
            drift="0",
        ),
        CoinView(asset="BNB", free="0", bots=[], total="0", exchange="0", drift="0"),
        CoinView(asset="BTC", free=None, bots=[], total=None, exchange="0.5", drift=None),
    ],
)
EVENTS = [
    EventView(
        id=1,
        bot_id=1,
        order_id=None,
        type=EventType.BOT_STARTED,
        message="Calm <& co> runs.",
        data={},
        created_at=AT,
    )
]


def an_order(number: int, status: OrderStatus, price: str | None, filled: str = "0") -> OrderView:
    return OrderView(
        id=number,
        bot_id=1,
        account_id=1,
        symbol="BTC/USDT",
        side="sell" if number % 2 else "buy",
        type="limit" if price else "market",
        quantity="0.00100",
        price=price,
        status=status,
        filled_quantity=filled,
        average_price="59999.5" if filled != "0" else None,
        fee="0",
        fee_currency=None,
        client_order_id="tb-1",
        exchange_order_id=None,
        reason="",
        code=None,
        created_at=AT,
        updated_at=AT,
    )


def screens(words: Words) -> dict[str, Screen]:
    orders = [
        an_order(1, OrderStatus.OPEN, "60000"),
        an_order(2, OrderStatus.FILLED, None, "0.001"),
        an_order(3, OrderStatus.PARTIALLY_FILLED, "60000", "0.0004"),
        an_order(4, OrderStatus.CANCELLED, "60000", "0.0004"),
        an_order(5, OrderStatus.SENDING, None),
    ]
    chosen = NotificationSettings(telegram_enabled=True, enabled_events=[EventType.ORDER_FILLED])
    held = [(ACCOUNT, LEDGER)]
    return {
        "help": settings_screens.help_page(words, list(COMMANDS), acts=True),
        "help, a viewer's": settings_screens.help_page(words, ["bots"], acts=False),
        "bots": bot_screens.bots(words, LINES, "MTI", "bot"),
        "bots, none": bot_screens.bots(words, [], None, "bot"),
        "bots to start": bot_screens.bots(words, LINES, None, "startbot"),
        "bots to stop": bot_screens.bots(words, LINES, None, "stopbot"),
        "bots to ask why": bot_screens.bots(words, LINES, None, "why"),
        "a bot": bot_screens.bot(words, CALM, EARNED, acts=True),
        "a bot in trouble": bot_screens.bot(words, LOST, EARNED, acts=True),
        "a bot, a viewer's": bot_screens.bot(words, CALM, EARNED, acts=False),
        "why": bot_screens.why(words, CALM, EVENTS, "MTI"),
        "why, nothing": bot_screens.why(words, CALM, [], None),
        "start?": bot_screens.really_start(words, LOST),
        "stop how?": bot_screens.how_to_stop(words, CALM),
        "sell?": bot_screens.really_sell(words, CALM),
        "starts": bot_screens.under_way(words, CALM, "bot.starts"),
        "stops": bot_screens.under_way(words, CALM, "bot.stops"),
        "status": money_screens.status(words, STATS, acts=True),
        "status, nothing": money_screens.status(words, EMPTY, acts=False),
        "profit": money_screens.profit(words, STATS, [(LINES[0], EARNED)], "MTI"),
        "profit, none": money_screens.profit(words, EMPTY, [], None),
        "balance": money_screens.balance(words, held, "MTI"),
        "balance, none": money_screens.balance(words, [], None),
        "orders": money_screens.orders(words, orders, "MTI", every=True),
        "orders, none": money_screens.orders(words, [], None, every=False),
        "panic?": money_screens.really_panic(words),
        "panicked": money_screens.panicked(words, 2, 9, ["the exchange does not answer"]),
        "settings": settings_screens.settings(words, chosen, "operator"),
        "disconnect?": settings_screens.really_unlink(words),
        "notifications": settings_screens.notifications(words, chosen.enabled_events),
        "languages": settings_screens.languages(words),
        "greeting": Screen(words.say("greet.code", code="K7MP-2QXF")),
    }


def gallery(language: str) -> str:
    return "\n".join(
        f"=== {title}\n{_drawn(shown)}\n" for title, shown in screens(Words(language)).items()
    )


def _drawn(shown: Screen) -> str:
    rows = ("  ".join(f"[{button.label} → {button.asks}]" for button in row) for row in shown.rows)
    return "\n".join([shown.text, *rows])


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for language in CATALOGUES:
        (GOLDEN / f"{language}.txt").write_text(gallery(language))


if __name__ == "__main__":
    main()
