"""Who has what: every account and order, changed by facts alone, live and when rebuilt."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from tradingbot.paper.accounts import Account, InsufficientFunds
from tradingbot.paper.orders import Fill, OrderRequest, PaperOrder, Status
from tradingbot.trading.market import Market
from tradingbot.trading.order import Side


class Ledger:
    def __init__(self, markets: Mapping[str, Market]) -> None:
        self.markets = markets
        self.accounts: dict[str, Account] = {}
        self.orders: dict[int, PaperOrder] = {}
        self.last_order_id = 0
        self.fees: dict[str, Decimal] = defaultdict(Decimal)

    def grant(
        self, account_id: str, balances: Mapping[str, Decimal], fee_coin: str | None = None
    ) -> Account:
        account = self.accounts.setdefault(account_id, Account(account_id))
        account.grant(balances)
        if fee_coin is not None:
            account.fee_coin = fee_coin
        return account

    def payment(self, order: PaperOrder) -> str:
        """The asset an order pays with."""
        market = self.markets[order.asked.symbol]
        return market.quote if order.asked.side is Side.BUY else market.base

    def admit(self, order: PaperOrder, locked: Decimal) -> None:
        """Raises InsufficientFunds, and then nothing has changed."""
        account = self.accounts[order.account]
        account.lock(self.payment(order), locked)
        order.locked = locked
        self.last_order_id = max(self.last_order_id, order.id)
        self.orders[order.id] = order
        account.orders[order.asked.symbol][order.id] = order
        account.open[order.asked.symbol][order.id] = order
        account.by_cid[order.asked.cid] = order
        account.updated = order.created

    def wake(self, order: PaperOrder, locked: Decimal, at: int) -> None:
        """Its trigger fired: from now on it holds `locked`. Raises InsufficientFunds."""
        account = self.accounts[order.account]
        asset = self.payment(order)
        account.unlock(asset, order.locked)
        order.locked = Decimal(0)
        account.lock(asset, locked)
        order.locked = locked
        order.waiting = False
        order.working_since = order.updated = account.updated = at

    def amend(self, order: PaperOrder, asked: OrderRequest, locked: Decimal, at: int) -> None:
        """Other terms for an open order. Raises InsufficientFunds, and then nothing has changed."""
        account = self.accounts[order.account]
        asset = self.payment(order)
        account.unlock(asset, order.locked)
        try:
            account.lock(asset, locked)
        except InsufficientFunds:
            account.lock(asset, order.locked)
            raise
        order.asked, order.locked = asked, locked
        order.updated = account.updated = at

    def fill(self, order: PaperOrder, fill: Fill, status: Status) -> None:
        account = self.accounts[order.account]
        market = self.markets[order.asked.symbol]
        cost = fill.price * fill.quantity
        if order.asked.side is Side.BUY:
            # A limit order locks at its limit; what a better price saves is free again.
            held = (order.asked.price or fill.price) * fill.quantity
            account.spend(market.quote, cost)
            account.unlock(market.quote, held - cost)
            account.receive(market.base, fill.quantity)
        else:
            held = fill.quantity
            account.spend(market.base, held)
            account.receive(market.quote, cost)
        account.pay(fill.fee_asset, fill.fee)
        self.fees[fill.fee_asset] += fill.fee
        order.locked -= held
        order.executed += fill.quantity
        order.turnover += cost
        order.fills.append(fill)
        account.fills[order.asked.symbol].append((order, fill))
        account.updated = fill.at
        self.move(order, status, fill.at)

    def move(self, order: PaperOrder, status: Status, at: int) -> None:
        """A new status; an order that ends gives back what it still holds."""
        order.move(status, at)
        if order.open:
            return
        account = self.accounts[order.account]
        account.unlock(self.payment(order), order.locked)
        order.locked = Decimal(0)
        order.waiting = False
        account.open[order.asked.symbol].pop(order.id, None)
        account.updated = at
