"""Orders, trades and balances as Binance writes them."""

from decimal import Decimal
from typing import Any

from tradingbot.paper.accounts import Account
from tradingbot.paper.orders import ZERO, Fill, PaperOrder
from tradingbot.paper.venue import Update
from tradingbot.trading.order import Side


def money(value: Decimal) -> str:
    return f"{value:.8f}"


def id_of(symbol: str) -> str:
    return symbol.replace("/", "")


def type_of(order: PaperOrder) -> str:
    asked = order.asked
    if asked.trigger is None:
        if asked.price is None:
            return "MARKET"
        return "LIMIT_MAKER" if asked.post_only else "LIMIT"
    # A stop follows the price away from the order's advantage, a profit target towards it.
    stop = asked.trigger.rising == (asked.side is Side.BUY)
    name = "STOP_LOSS" if stop else "TAKE_PROFIT"
    return name if asked.price is None else f"{name}_LIMIT"


def quantity_of(order: PaperOrder) -> Decimal:
    return order.executed if order.asked.quantity is None else order.asked.quantity


def core(order: PaperOrder) -> dict[str, Any]:
    """What every answer about an order says."""
    asked = order.asked
    body = {
        "symbol": id_of(asked.symbol),
        "orderId": order.id,
        "orderListId": -1,
        "clientOrderId": asked.cid,
        "price": money(asked.price or ZERO),
        "origQty": money(quantity_of(order)),
        "executedQty": money(order.executed),
        "origQuoteOrderQty": money(asked.budget or ZERO),
        "cummulativeQuoteQty": money(order.turnover),
        "status": order.status,
        "timeInForce": asked.lasting,
        "type": type_of(order),
        "side": asked.side.upper(),
    }
    if asked.trigger:
        body["stopPrice"] = money(asked.trigger.price)
    return body


def placed(order: PaperOrder, detail: str) -> dict[str, Any]:
    """The answer to a new order; `detail` is ACK, RESULT or FULL."""
    if detail == "ACK":
        return {
            "symbol": id_of(order.asked.symbol),
            "orderId": order.id,
            "orderListId": -1,
            "clientOrderId": order.asked.cid,
            "transactTime": order.updated,
        }
    body = core(order) | {
        "transactTime": order.updated,
        "workingTime": _working_time(order),
        "selfTradePreventionMode": "NONE",
    }
    if detail == "FULL":
        body["fills"] = [
            {
                "price": money(fill.price),
                "qty": money(fill.quantity),
                "commission": money(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.trade_id,
            }
            for fill in order.fills
        ]
    return body


def queried(order: PaperOrder) -> dict[str, Any]:
    return core(order) | {
        "stopPrice": money(order.asked.trigger.price if order.asked.trigger else ZERO),
        "icebergQty": money(ZERO),
        "time": order.created,
        "updateTime": order.updated,
        "isWorking": order.working_since is not None,
        "workingTime": _working_time(order),
        "selfTradePreventionMode": "NONE",
    }


def canceled(order: PaperOrder, cancel_cid: str) -> dict[str, Any]:
    return core(order) | {
        "origClientOrderId": order.asked.cid,
        "clientOrderId": cancel_cid,
        "transactTime": order.updated,
        "selfTradePreventionMode": "NONE",
    }


def my_trade(order: PaperOrder, fill: Fill) -> dict[str, Any]:
    return {
        "symbol": id_of(order.asked.symbol),
        "id": fill.trade_id,
        "orderId": order.id,
        "orderListId": -1,
        "price": money(fill.price),
        "qty": money(fill.quantity),
        "quoteQty": money(fill.price * fill.quantity),
        "commission": money(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.at,
        "isBuyer": order.asked.side is Side.BUY,
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def balances(account: Account, *, omit_zero: bool) -> list[dict[str, str]]:
    return [
        {"asset": asset, "free": money(balance.free), "locked": money(balance.locked)}
        for asset, balance in account.balances.items()
        if balance.free or balance.locked or not omit_zero
    ]


def position(account: Account, assets: tuple[str, ...], now: int) -> dict[str, Any]:
    """outboundAccountPosition: the balances that just changed."""
    return {
        "e": "outboundAccountPosition",
        "E": now,
        "u": account.updated,
        "B": [
            {"a": asset, "f": money(held.free), "l": money(held.locked)}
            for asset in assets
            for held in (account.balance(asset),)
        ],
    }


def report(update: Update, execution: int, now: int) -> dict[str, Any]:
    """executionReport, as the user stream tells it."""
    order, fill = update.order, update.fill
    asked = order.asked
    # A resting order rests on the book; a fill just now may have ended that.
    resting = order.open and order.working_since is not None and asked.price is not None
    cancel_cid = update.cancel_cid
    event: dict[str, Any] = {
        "e": "executionReport",
        "E": now,
        "s": id_of(asked.symbol),
        "c": asked.cid if cancel_cid is None else cancel_cid,
        "S": asked.side.upper(),
        "o": type_of(order),
        "f": asked.lasting,
        "q": money(quantity_of(order)),
        "p": money(asked.price or ZERO),
        "P": money(asked.trigger.price if asked.trigger else ZERO),
        "F": money(ZERO),
        "g": -1,
        "C": "" if cancel_cid is None else asked.cid,
        "x": update.happened,
        "X": order.status,
        "r": "NONE",
        "i": order.id,
        "l": money(fill.quantity if fill else ZERO),
        "z": money(order.executed),
        "L": money(fill.price if fill else ZERO),
        "n": money(fill.fee) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": order.updated,
        "t": fill.trade_id if fill else -1,
        "I": execution,
        "w": resting,
        "m": fill.maker if fill else False,
        "M": False,
        "O": order.created,
        "Z": money(order.turnover),
        "Y": money(fill.price * fill.quantity if fill else ZERO),
        "Q": money(asked.budget or ZERO),
        "V": "NONE",
    }
    if order.working_since is not None:
        event["W"] = order.working_since
    return event


def _working_time(order: PaperOrder) -> int:
    return -1 if order.working_since is None else order.working_since
