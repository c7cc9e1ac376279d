"""Money in a chat: everything at a glance, what was earned, what there is, what is on order."""

from collections.abc import Callable, Mapping, Sequence

from tradingbot.bots.schemas import PerformanceView, StatsView
from tradingbot.exchanges.schemas import AccountView
from tradingbot.ledger.schemas import CoinView, LedgerView
from tradingbot.orders.schemas import OrderView
from tradingbot.telegram.bot_screens import BotLine
from tradingbot.telegram.screens import Button, Screen, screen
from tradingbot.telegram.words import Words, amount, signed
from tradingbot.trading.order import LIVE

COINS_MAX = 12


def status(words: Words, stats: StatsView, *, acts: bool) -> Screen:
    bots = ", ".join(f"{words.word('status', one)}: {n}" for one, n in sorted(stats.bots.items()))
    lines = [
        words.say("status.title"),
        words.say("status.bots", bots=bots) if bots else words.say("status.no_bots"),
        words.say("status.orders", open=stats.orders_open, all=stats.orders),
        words.say("status.fills", fills=stats.fills),
        words.say("status.profit", profit=_sums(stats.realised, signed)),
    ]
    names = ("bots", "profit", "balance", "orders")
    asks = [Button(words.label(f"button.{name}"), name) for name in names]
    last = [Button(words.label("button.refresh"), "status")]
    if acts:
        last.append(Button(words.label("button.panic"), "panic"))
    return screen(lines, asks[:2], asks[2:], last)


def profit(
    words: Words,
    stats: StatsView,
    earned: Sequence[tuple[BotLine, PerformanceView]],
    more: str | None,
) -> Screen:
    lines = [words.say("profit.title")]
    if stats.realised or stats.fees:
        lines.append(words.say("profit.total", profit=_sums(stats.realised, signed)))
        lines.append(words.say("profit.fees", fees=_sums(stats.fees, amount)))
    else:
        lines.append(words.say("profit.none"))
    for bot, view in earned:
        lines.append(
            words.say(
                "profit.line",
                mark=bot.mark,
                name=bot.name,
                realised=signed(view.realised),
                unrealised=signed(view.unrealised),
                quote=view.quote,
            )
        )
    turning = [Button(words.label("button.refresh"), "profit")]
    if more is not None:
        turning.append(Button(words.label("button.more"), f"profit {more}"))
    return screen(lines, turning, [Button(words.label("button.status"), "status")])


def balance(
    words: Words, books: Sequence[tuple[AccountView, LedgerView]], more: str | None
) -> Screen:
    lines = [words.say("balance.title")]
    for account, ledger in books:
        lines.append(
            words.say(
                "balance.account",
                name=account.name,
                exchange=account.exchange.capitalize(),
                mode=words.word("mode", account.mode),
            )
        )
        if account.held_reason:
            lines.append(words.say("balance.held", why=words.reason(account.held_reason)))
        lines += _coins(words, ledger.coins)
    if not books:
        lines.append(words.say("balance.none"))
    turning = [Button(words.label("button.refresh"), "balance")]
    if more is not None:
        turning.append(Button(words.label("button.more"), f"balance {more}"))
    return screen(lines, turning, [Button(words.label("button.status"), "status")])


def orders(words: Words, found: Sequence[OrderView], more: str | None, *, every: bool) -> Screen:
    """`every`: not the open ones alone."""
    lines = [words.say("orders.title_all" if every else "orders.title")]
    lines += [_order(words, order) for order in found] or [words.say("orders.none")]
    which, other = ("all", "open") if every else ("open", "all")
    turning = [Button(words.label("button.refresh"), f"orders {which}")]
    if more is not None:
        turning.append(Button(words.label("button.more"), f"orders {which} {more}"))
    switch = Button(words.label(f"button.orders_{other}"), f"orders {other}")
    return screen(lines, turning, [switch, Button(words.label("button.status"), "status")])


def really_panic(words: Words) -> Screen:
    yes = Button(words.label("button.panic_yes"), "panic yes")
    return screen([words.say("panic.ask")], [yes, Button(words.label("button.no"), "status")])


def panicked(words: Words, bots: int, orders_ended: int, left: Sequence[str]) -> Screen:
    """`left`: what could not be done, each with its reason."""
    lines = [words.say("panic.done", bots=bots, orders=orders_ended)]
    lines += [words.say("panic.left", left=words.reason(each)) for each in left[:COINS_MAX]]
    return screen(lines, [Button(words.label("button.status"), "status")])


def _coins(words: Words, coins: Sequence[CoinView]) -> list[str]:
    there = [coin for coin in coins if (coin.total or coin.exchange or "0") != "0"]
    lines = [
        words.say(
            "balance.coin",
            asset=coin.asset,
            total=amount(coin.total or coin.exchange),
            free=amount(coin.free),
        )
        for coin in there[:COINS_MAX]
    ]
    if len(there) > COINS_MAX:
        lines.append(words.say("balance.more", count=len(there) - COINS_MAX))
    return lines or [words.say("balance.nothing")]


def _order(words: Words, order: OrderView) -> str:
    market = words.label("orders.market")
    # What is not bought or sold yet still asks for the order's own price.
    price = order.price if order.status in LIVE else order.average_price or order.price
    return words.say(
        "orders.line",
        side=words.word("side", order.side),
        quantity=_how_much(words, order),
        symbol=order.symbol,
        price=market if price is None else amount(price),
        status=words.word("order", order.status),
        id=order.id,
    )


def _how_much(words: Words, order: OrderView) -> str:
    quantity, filled = amount(order.quantity), amount(order.filled_quantity)
    if filled in {"0", quantity}:
        return quantity
    return words.label("orders.partly", filled=filled, quantity=quantity)


def _sums(by_coin: Mapping[str, str], shown: Callable[[str], str]) -> str:
    return ", ".join(f"{shown(digits)} {coin}" for coin, digits in by_coin.items()) or "0"
