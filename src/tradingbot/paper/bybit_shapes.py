"""Orders, executions and wallets as Bybit writes them."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from typing import Any
from zlib import crc32

from tradingbot.paper.accounts import Account
from tradingbot.paper.bybit_filters import QUOTE_STEP
from tradingbot.paper.charges import price_in
from tradingbot.paper.orders import ZERO, Fill, Lasting, PaperOrder, Status
from tradingbot.paper.refusals import NotEnoughFunds, WouldMatch
from tradingbot.paper.venue import Venue
from tradingbot.trading.money import plain, quotient

# Bybit's spot ids have nineteen digits.
ORDER_IDS = 1_900_000_000_000_000_000
STATUSES = {
    Status.NEW: "New",
    Status.PARTIALLY_FILLED: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.REJECTED: "Rejected",
}
REASONS = {
    WouldMatch.reason: "EC_PostOnlyWillTakeLiquidity",
    NotEnoughFunds.reason: "EC_Others",
}


def id_of(symbol: str) -> str:
    return symbol.replace("/", "")


def order_id(order: PaperOrder) -> str:
    return str(ORDER_IDS + order.id)


def number_of(shown: str) -> int | None:
    """The venue's number of an order id as shown; None for anything else."""
    return int(shown) - ORDER_IDS if shown.isascii() and shown.isdecimal() else None


def exec_id(order: PaperOrder, fill: Fill) -> str:
    """One of a kind: markets number their trades alone, and an account may trade with itself."""
    market = crc32(order.asked.symbol.encode()) % 10_000
    return f"2{market:04d}{fill.trade_id:013d}{int(fill.maker)}"


def kind_of(order: PaperOrder) -> str:
    """Its `orderFilter`; once triggered it is an order like any other."""
    trigger = order.asked.trigger
    if trigger is None or order.working_since is not None:
        return "Order"
    return "tpslOrder" if trigger.reserves else "StopOrder"


def status_of(order: PaperOrder) -> str:
    asked = order.asked
    if order.open and asked.trigger and order.working_since is None:
        return "Untriggered"
    if order.status is Status.FILLED and asked.budget and order.turnover < asked.budget:
        # What was left would not buy a single lot.
        return "PartiallyFilledCanceled"
    if order.status in STATUSES:
        return STATUSES[order.status]
    if order.fills:
        return "PartiallyFilledCanceled"
    asleep = asked.trigger is not None and order.working_since is None
    return "Deactivated" if asleep and order.reason is None else "Cancelled"


def reject_reason(order: PaperOrder) -> str:
    if order.reason is not None:
        return REASONS[order.reason]
    if order.status is Status.CANCELED:
        return "EC_PerCancelRequest"
    if order.status is Status.EXPIRED:
        whole = order.asked.lasting is Lasting.FOK
        return "EC_NoEnoughQtyToFill" if whole else "EC_NoImmediateQtyToFill"
    return "EC_NoError"


def order_body(order: PaperOrder) -> dict[str, Any]:
    asked, trigger = order.asked, order.asked.trigger
    whole = asked.quantity if asked.quantity is not None else asked.budget or ZERO
    left = ZERO if not order.open else whole - order.executed
    by_user = order.status is Status.CANCELED and order.reason is None
    return {
        "orderId": order_id(order),
        "orderLinkId": asked.cid,
        "blockTradeId": "",
        "symbol": id_of(asked.symbol),
        "price": plain(asked.price or ZERO),
        "qty": plain(whole),
        "side": asked.side.capitalize(),
        "isLeverage": "0",
        "positionIdx": 0,
        "orderStatus": status_of(order),
        "cancelType": "CancelByUser" if by_user else "UNKNOWN",
        "rejectReason": reject_reason(order),
        "avgPrice": _average(order),
        "leavesQty": plain(left),
        "leavesValue": plain(left * (asked.price or ZERO)),
        "cumExecQty": plain(order.executed),
        "cumExecValue": plain(order.turnover),
        "cumExecFee": plain(sum((fill.fee for fill in order.fills), ZERO)),
        "cumFeeDetail": _fees(order.fills),
        "timeInForce": "PostOnly" if asked.post_only else asked.lasting,
        "orderType": "Market" if asked.price is None else "Limit",
        "marketUnit": _unit(order),
        "stopOrderType": _stop_type(order),
        "triggerPrice": plain(trigger.price) if trigger else "",
        "triggerDirection": 0 if trigger is None else 1 if trigger.rising else 2,
        "orderIv": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "triggerBy": "",
        "ocoTriggerBy": "OcoTriggerByUnknown",
        "basePrice": "",
        "lastPriceOnCreated": "",
        "reduceOnly": False,
        "closeOnTrigger": False,
        "placeType": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "slippageToleranceType": "UNKNOWN",
        "slippageTolerance": "",
        "rpiTakerAccess": False,
        "rpiMatchedQty": "0",
        "extraFees": "",
        "createdTime": str(order.created),
        "updatedTime": str(order.updated),
    }


def execution(venue: Venue, order: PaperOrder, fill: Fill) -> dict[str, Any]:
    asked = order.asked
    whole = asked.quantity if asked.quantity is not None else asked.budget or ZERO
    until = order.fills[: order.fills.index(fill) + 1]
    left = ZERO if asked.quantity is None else whole - sum((f.quantity for f in until), ZERO)
    return {
        "symbol": id_of(asked.symbol),
        "orderId": order_id(order),
        "orderLinkId": asked.cid,
        "side": asked.side.capitalize(),
        "orderPrice": plain(asked.price or ZERO),
        "orderQty": plain(whole),
        "leavesQty": plain(left),
        "orderType": "Market" if asked.price is None else "Limit",
        "stopOrderType": _stop_type(order),
        "execFee": plain(fill.fee),
        "execId": exec_id(order, fill),
        "execPrice": plain(fill.price),
        "execQty": plain(fill.quantity),
        "execType": "Trade",
        "execValue": plain(fill.price * fill.quantity),
        "execTime": str(fill.at),
        "feeCurrency": fill.fee_asset,
        "feeRate": plain(venue.options.fees.rate(maker=fill.maker)),
        "isMaker": fill.maker,
        "isLeverage": "0",
        "marketUnit": _unit(order),
        "tradeIv": "",
        "markIv": "",
        "markPrice": "",
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "",
        "extraFees": "",
        "seq": fill.trade_id,
    }


def wallet(venue: Venue, account: Account, assets: Iterable[str]) -> dict[str, Any]:
    """The whole account in dollars, and each of `assets`."""
    total = sum((_dollars(venue, account, asset) for asset in account.balances), ZERO)
    locked = sum((_dollars(venue, account, asset, locked=True) for asset in account.balances), ZERO)
    worth = plain(_rounded(total))
    return {
        "accountType": "UNIFIED",
        "accountIMRate": "0",
        "accountMMRate": "0",
        "accountIMRateByMp": "0",
        "accountMMRateByMp": "0",
        "accountLTV": "0",
        "totalEquity": worth,
        "totalWalletBalance": worth,
        "totalMarginBalance": worth,
        "totalAvailableBalance": plain(_rounded(total - locked)),
        "totalPerpUPL": "0",
        "totalInitialMargin": "0",
        "totalInitialMarginByMp": "0",
        "totalMaintenanceMargin": "0",
        "totalMaintenanceMarginByMp": "0",
        "coin": [_coin(venue, account, asset) for asset in assets],
    }


def _coin(venue: Venue, account: Account, asset: str) -> dict[str, Any]:
    held = account.balance(asset)
    whole = plain(held.free + held.locked)
    return {
        "coin": asset,
        "equity": whole,
        "usdValue": plain(_rounded(_dollars(venue, account, asset))),
        "walletBalance": whole,
        "locked": plain(held.locked),
        "availableToWithdraw": "",
        "availableToBorrow": "",
        "borrowAmount": "0",
        "accruedInterest": "0",
        "spotBorrow": "0",
        "spotHedgingQty": "0",
        "totalOrderIM": "0",
        "totalPositionIM": "0",
        "totalPositionMM": "0",
        "unrealisedPnl": "0",
        "cumRealisedPnl": "0",
        "bonus": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
        "colRes": "0",
    }


def _dollars(venue: Venue, account: Account, asset: str, *, locked: bool = False) -> Decimal:
    held = account.balance(asset)
    amount = held.locked if locked else held.free + held.locked
    return amount * (price_in(venue.halls, asset, "USDT") or ZERO)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(QUOTE_STEP, ROUND_DOWN)


def _average(order: PaperOrder) -> str:
    return plain(_rounded(quotient(order.turnover, order.executed))) if order.executed else ""


def _fees(fills: Iterable[Fill]) -> dict[str, str]:
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        fees[fill.fee_asset] += fill.fee
    return {asset: plain(fee) for asset, fee in fees.items()}


def _unit(order: PaperOrder) -> str:
    if order.asked.price is not None:
        return ""
    return "quoteCoin" if order.asked.quantity is None else "baseCoin"


def _stop_type(order: PaperOrder) -> str:
    if order.asked.trigger is None:
        return ""
    return "tpslOrder" if order.asked.trigger.reserves else "Stop"
