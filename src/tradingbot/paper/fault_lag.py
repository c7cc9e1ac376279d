"""An account as a reader sees it who is behind: without the orders of the last seconds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tradingbot.paper.accounts import Account, Balance
from tradingbot.paper.orders import PaperOrder
from tradingbot.trading.order import Side


def before(account: Account, moment: int) -> Account:
    """As if no order created after `moment`, ms, had ever been. For looking at only."""
    young = [order for order in _orders(account) if order.created > moment]
    if not young:
        return account
    hidden = {order.id for order in young}
    old = [order for order in _orders(account) if order.id not in hidden]
    return replace(
        account,
        balances=_balances(account, young),
        orders=_visible(account.orders, hidden),
        open=_visible(account.open, hidden),
        by_cid={order.asked.cid: order for order in sorted(old, key=lambda order: order.id)},
        fills=defaultdict(
            list,
            {
                symbol: [(order, fill) for order, fill in fills if order.id not in hidden]
                for symbol, fills in account.fills.items()
            },
        ),
    )


def _orders(account: Account) -> Iterable[PaperOrder]:
    return (order for orders in account.orders.values() for order in orders.values())


def _visible(
    by_symbol: Mapping[str, Mapping[int, PaperOrder]], hidden: set[int]
) -> dict[str, dict[int, PaperOrder]]:
    return defaultdict(
        dict,
        {
            symbol: {number: order for number, order in orders.items() if number not in hidden}
            for symbol, orders in by_symbol.items()
        },
    )


def _balances(account: Account, young: Iterable[PaperOrder]) -> dict[str, Balance]:
    """What there would be without these orders."""
    balances = {asset: replace(held) for asset, held in account.balances.items()}
    for order in young:
        base, _, quote = order.asked.symbol.partition("/")
        bought = order.asked.side is Side.BUY
        paid, got = (quote, base) if bought else (base, quote)
        gone, come = (
            (order.turnover, order.executed) if bought else (order.executed, order.turnover)
        )
        balances[paid].free += order.locked + gone
        balances[paid].locked -= order.locked
        if order.fills:
            balances[got].free -= come
        for fill in order.fills:
            balances[fill.fee_asset].free += fill.fee
    return balances
