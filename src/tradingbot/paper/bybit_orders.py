"""Placing, amending and cancelling orders, the Bybit way: acknowledged first, accepted later."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradingbot.paper import bybit_errors as errors
from tradingbot.paper import bybit_filters as filters
from tradingbot.paper import bybit_shapes as shapes
from tradingbot.paper.bybit_errors import ApiError
from tradingbot.paper.bybit_gateway import Call, Result, Told, note_refusal
from tradingbot.paper.bybit_params import Choice, Params
from tradingbot.paper.hall import Hall
from tradingbot.paper.meeting import needed
from tradingbot.paper.orders import Lasting, OrderRequest, PaperOrder, Trigger
from tradingbot.paper.refusals import NotEnoughFunds, Refused
from tradingbot.trading.order import Side

BATCH_MAX = 10


class BybitSide(StrEnum):
    BUY = "Buy"
    SELL = "Sell"


class OrderType(StrEnum):
    LIMIT = "Limit"
    MARKET = "Market"


class TimeInForce(StrEnum):
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PostOnly"


class MarketUnit(StrEnum):
    BASE = "baseCoin"
    QUOTE = "quoteCoin"


class OrderFilter(StrEnum):
    ORDER = "Order"
    STOP = "StopOrder"
    TPSL = "tpslOrder"


NOT_OFFERED = (170227, "This feature is not supported.")
BAD_SIDE = (170117, "Invalid side.")
BAD_TYPE = (170116, "Invalid orderType.")
BAD_LASTING = (170115, "Invalid timeInForce.")
BAD_FILTER = (170202, "Invalid orderFilter parameter.")
BAD_UNIT = (170130, "Data sent for parameter 'marketUnit' is not valid.")
NO_TRIGGER = (170203, "Please enter the TP/SL price.")
BELOW_FILLED = (
    170313,
    "The modified contract quantity cannot be less than to the filled quantity.",
)
NO_CHANGE = (170312, "The current order does not support modification.")


def create(call: Call) -> Result:
    call.params.spot()
    return _acknowledged(_create(call))


def create_batch(call: Call) -> Result:
    """Each order has its own fate, told in `retExtInfo`."""
    call.params.spot()
    asked = call.params.sent.get("request")
    if not isinstance(asked, list) or not 1 <= len(asked) <= BATCH_MAX:
        raise errors.wrong(f"request holds 1 to {BATCH_MAX} orders.")
    if not all(isinstance(each, dict) for each in asked):
        raise errors.wrong("request holds objects.")
    results, fates = zip(*(_one_of_batch(call, each) for each in asked), strict=True)
    return Told({"list": list(results)}, {"list": list(fates)})


def cancel(call: Call) -> Result:
    call.params.spot()
    only = call.params.choice("orderFilter", OrderFilter, BAD_FILTER) or OrderFilter.ORDER
    order = _open_order(call)
    if shapes.kind_of(order) != only:
        raise errors.no_such_order()
    call.engine.cancel(order)
    return _acknowledged(order)


def cancel_all(call: Call) -> Result:
    call.params.spot()
    only = call.params.choice("orderFilter", OrderFilter, BAD_FILTER) or OrderFilter.ORDER
    open_now = call.account.open
    symbol = _symbol(call) if call.params.text("symbol") else None
    coin = call.params.text("baseCoin")
    chosen = [
        order
        for market in ([symbol] if symbol else list(open_now))
        for order in open_now[market].values()
        if shapes.kind_of(order) == only and (coin is None or market.startswith(f"{coin}/"))
    ]
    for order in chosen:
        call.engine.cancel(order)
    return {"list": [_acknowledged(order) for order in chosen], "success": "1"}


def amend(call: Call) -> Result:
    call.params.spot()
    order = _open_order(call)
    params = call.params
    quantity, price = params.decimal("qty"), params.decimal("price")
    trigger = params.decimal("triggerPrice")
    if quantity is None and price is None and trigger is None:
        raise errors.missing("qty, price or triggerPrice")
    if order.asked.quantity is None or (price is not None and order.asked.price is None):
        raise ApiError(*NO_CHANGE)
    if trigger is not None and shapes.kind_of(order) == OrderFilter.ORDER:
        raise ApiError(*NO_CHANGE)
    last = call.venue.halls[order.asked.symbol].tape.last

    def change(asked: OrderRequest) -> OrderRequest:
        return replace(
            asked,
            quantity=quantity or asked.quantity,
            price=price or asked.price,
            trigger=replace(asked.trigger, price=trigger, rising=trigger >= last)
            if asked.trigger and trigger
            else asked.trigger,
        )

    _check_amended(call, order, change(order.asked), last)
    call.engine.amend(order, change)
    return _acknowledged(order)


def _check_amended(call: Call, order: PaperOrder, asked: OrderRequest, last: Decimal) -> None:
    assert asked.quantity is not None
    filters.check(call.venue.halls[asked.symbol].market, asked, last)
    if asked.quantity <= order.executed:
        raise ApiError(*BELOW_FILLED)
    left = replace(asked, quantity=asked.quantity - order.executed)
    if order.working_since is not None:
        left = replace(left, trigger=None)
    free = call.account.balance(call.venue.ledger.payment(order)).free
    # A market order asleep holds what its trigger price suggests, no matches needed.
    if needed(left, []) > free + order.locked:
        raise NotEnoughFunds


def _create(call: Call) -> PaperOrder:
    asked = _asked(call)
    account, most = call.account, call.venue.options.limits.bybit_open_orders
    if asked.cid and asked.cid in account.by_cid:
        raise errors.duplicate()
    if sum(len(orders) for orders in account.open.values()) >= most:
        raise errors.too_many_open(most)
    hall = call.venue.halls[asked.symbol]
    filters.check(hall.market, asked, hall.tape.last)
    return call.engine.create(account, asked)


def _one_of_batch(call: Call, sent: Mapping[str, object]) -> tuple[object, object]:
    about: dict[str, Any] = {"category": "spot", "symbol": sent.get("symbol", "")}
    try:
        order = _create(replace(call, params=Params(sent)))
    except (ApiError, Refused) as failure:
        error = failure if isinstance(failure, ApiError) else errors.refusal(failure)
        note_refusal(call.venue, call.account.id, error, sent)
        nothing = {"orderId": "", "orderLinkId": "", "createAt": ""}
        return about | nothing, {"code": error.code, "msg": error.msg}
    placed = _acknowledged(order) | {"createAt": str(order.created)}
    return about | placed, {"code": 0, "msg": "OK"}


def _asked(call: Call) -> OrderRequest:
    params = call.params
    hall = call.hall(ApiError(170121, "Invalid symbol."))
    if params.text("takeProfit") or params.text("stopLoss") or params.integer("isLeverage"):
        raise ApiError(*NOT_OFFERED)
    side = _required(params, "side", BybitSide, BAD_SIDE)
    kind = _required(params, "orderType", OrderType, BAD_TYPE)
    lasting = params.choice("timeInForce", TimeInForce, BAD_LASTING) or TimeInForce.GTC
    amount = params.decimal("qty")
    if amount is None:
        raise errors.missing("qty")
    market = kind is OrderType.MARKET
    price = None if market else params.decimal("price")
    if price is None and not market:
        raise errors.missing("price")
    by_value = market and _unit(params, side) is MarketUnit.QUOTE
    post_only = not market and lasting is TimeInForce.POST_ONLY
    return OrderRequest(
        cid=params.client_id(),
        symbol=hall.market.symbol,
        side=Side.BUY if side is BybitSide.BUY else Side.SELL,
        quantity=None if by_value else amount,
        budget=amount if by_value else None,
        price=price,
        lasting=Lasting.IOC if market else Lasting.GTC if post_only else Lasting(lasting),
        post_only=post_only,
        trigger=_trigger(params, hall),
    )


def _trigger(params: Params, hall: Hall) -> Trigger | None:
    only = params.choice("orderFilter", OrderFilter, BAD_FILTER) or OrderFilter.ORDER
    price = params.decimal("triggerPrice")
    if price is None:
        if only is not OrderFilter.ORDER:
            raise ApiError(*NO_TRIGGER)
        return None
    # The way the price has to go follows from where it is; a trigger alone makes a conditional.
    return Trigger(price, price >= hall.tape.last, only is OrderFilter.TPSL)


def _unit(params: Params, side: BybitSide) -> MarketUnit:
    sent = params.choice("marketUnit", MarketUnit, BAD_UNIT)
    return sent or (MarketUnit.QUOTE if side is BybitSide.BUY else MarketUnit.BASE)


def _required(params: Params, name: str, kind: type[Choice], refusal: tuple[int, str]) -> Choice:
    value = params.choice(name, kind, refusal)
    if value is None:
        raise errors.missing(name)
    return value


def _symbol(call: Call) -> str:
    return call.hall(ApiError(170121, "Invalid symbol.")).market.symbol


def _open_order(call: Call) -> PaperOrder:
    """By its id when one is given, whatever else is. Raises 170213."""
    symbol = _symbol(call)
    shown, cid = call.params.given("orderId"), call.params.given("orderLinkId")
    if shown is None and cid is None:
        raise errors.missing("orderId or orderLinkId")
    order = find(call, shown, cid)
    if order is None or order.asked.symbol != symbol or not order.open:
        raise errors.no_such_order()
    return order


def find(call: Call, shown: str | None, cid: str | None) -> PaperOrder | None:
    if shown is None:
        return call.account.by_cid.get(cid) if cid else None
    number = shapes.number_of(shown)
    known = (orders[number] for orders in call.account.orders.values() if number in orders)
    return None if number is None else next(known, None)


def _acknowledged(order: PaperOrder) -> dict[str, str]:
    return {"orderId": shapes.order_id(order), "orderLinkId": order.asked.cid}
