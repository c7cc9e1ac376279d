"""Placing and cancelling orders, the Binance way."""

from decimal import Decimal
from enum import StrEnum

from tradingbot.kit.ids import new_uid
from tradingbot.paper import binance_errors as errors
from tradingbot.paper import binance_shapes as shapes
from tradingbot.paper.binance_errors import ApiError
from tradingbot.paper.binance_gateway import Answer, Call, symbol_of
from tradingbot.paper.binance_params import INTEGER, SYMBOL, Params
from tradingbot.paper.orders import Lasting, OrderRequest, PaperOrder, Trigger
from tradingbot.paper.refusals import Refused
from tradingbot.trading.order import Side


class OrderKind(StrEnum):
    LIMIT = "LIMIT"
    LIMIT_MAKER = "LIMIT_MAKER"
    MARKET = "MARKET"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


class BinanceSide(StrEnum):
    BUY = "BUY"
    SELL = "SELL"


class Detail(StrEnum):
    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


class SelfTrade(StrEnum):
    NONE = "NONE"


class CancelReplaceMode(StrEnum):
    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


class CancelRestriction(StrEnum):
    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


# What each type needs beyond symbol, side and type; everything else of these is refused.
NEEDS: dict[OrderKind, frozenset[str]] = {
    OrderKind.LIMIT: frozenset({"timeInForce", "quantity", "price"}),
    OrderKind.LIMIT_MAKER: frozenset({"quantity", "price"}),
    OrderKind.MARKET: frozenset(),
    OrderKind.STOP_LOSS: frozenset({"quantity", "stopPrice"}),
    OrderKind.STOP_LOSS_LIMIT: frozenset({"timeInForce", "quantity", "price", "stopPrice"}),
    OrderKind.TAKE_PROFIT: frozenset({"quantity", "stopPrice"}),
    OrderKind.TAKE_PROFIT_LIMIT: frozenset({"timeInForce", "quantity", "price", "stopPrice"}),
}
TERMS = ("timeInForce", "price", "stopPrice")
ORDER_NAMES = frozenset(
    {
        "timeInForce",
        "quantity",
        "quoteOrderQty",
        "price",
        "stopPrice",
        "newClientOrderId",
        "newOrderRespType",
        "selfTradePreventionMode",
    }
)


def try_order(call: Call) -> Answer:
    call.venue.check(call.account, _asked(call))
    return {}


def place(call: Call) -> Answer:
    asked = _asked(call)
    detail = _detail(call)
    return shapes.placed(call.venue.place(call.account, asked), detail)


def cancel(call: Call) -> Answer:
    order = _found(call, "orderId", "origClientOrderId", errors.nothing_to_cancel())
    cancel_cid = call.params.client_id("newClientOrderId") or new_uid()[:22]
    _restrict(call, order)
    call.venue.cancel(order, cancel_cid)
    return shapes.canceled(order, cancel_cid)


def cancel_all(call: Call) -> Answer:
    symbol = call.hall().market.symbol
    orders = list(call.account.open[symbol].values())
    if not orders:
        raise errors.nothing_to_cancel()
    cancel_cid = new_uid()[:22]
    for order in orders:
        call.venue.cancel(order, cancel_cid)
    return [shapes.canceled(order, cancel_cid) for order in orders]


def cancel_replace(call: Call) -> Answer:
    """Cancels, then places; Binance tells of each half apart when one of them fails."""
    asked = _asked(call)
    mode = call.params.choice(
        "cancelReplaceMode",
        CancelReplaceMode,
        -1130,
        errors.invalid_data("cancelReplaceMode").msg,
    )
    cancelled: object
    try:
        order = _found(call, "cancelOrderId", "cancelOrigClientOrderId", errors.nothing_to_cancel())
        cancel_cid = call.params.client_id("cancelNewClientOrderId") or new_uid()[:22]
        call.venue.cancel(order, cancel_cid)
        cancelled, cancel_failed = shapes.canceled(order, cancel_cid), False
    except (ApiError, Refused) as failure:
        cancelled, cancel_failed = _failure(failure), True
    if cancel_failed and mode is CancelReplaceMode.STOP_ON_FAILURE:
        raise _half(-2022, "Order cancel-replace failed.", "FAILURE", cancelled, "NOT_ATTEMPTED")
    try:
        placed = shapes.placed(call.venue.place(call.account, asked), _detail(call))
    except Refused as refused:
        code = -2022 if cancel_failed else -2021
        text = "failed" if cancel_failed else "partially failed"
        result = "FAILURE" if cancel_failed else "SUCCESS"
        msg = f"Order cancel-replace {text}."
        raise _half(code, msg, result, cancelled, "FAILURE", _failure(refused)) from refused
    if cancel_failed:
        msg = "Order cancel-replace partially failed."
        raise _half(-2021, msg, "FAILURE", cancelled, "SUCCESS", placed)
    return _outcome("SUCCESS", cancelled, "SUCCESS", placed)


def query(call: Call) -> Answer:
    return shapes.queried(_found(call, "orderId", "origClientOrderId", errors.no_such_order()))


def _asked(call: Call) -> OrderRequest:
    params = call.params
    hall = call.hall()
    side = params.choice("side", BinanceSide, -1117, "Invalid side.")
    kind = params.choice("type", OrderKind, -1116, "Invalid orderType.")
    assert side is not None
    assert kind is not None
    lasting = params.choice("timeInForce", Lasting, -1115, "Invalid timeInForce.")
    params.choice(
        "selfTradePreventionMode",
        SelfTrade,
        -1130,
        errors.invalid_data("selfTradePreventionMode").msg,
    )
    _only_what_it_needs(params, kind)
    price = params.decimal("price")
    if price is not None and price == 0:
        raise ApiError(-1013, "Invalid price.")
    quantity = params.decimal("quantity")
    if quantity is not None and quantity == 0:
        raise ApiError(-1013, "Invalid quantity.")
    bought = side is BinanceSide.BUY
    return OrderRequest(
        cid=params.client_id("newClientOrderId") or new_uid()[:22],
        symbol=hall.market.symbol,
        side=Side.BUY if bought else Side.SELL,
        quantity=quantity,
        budget=params.decimal("quoteOrderQty"),
        price=price,
        lasting=lasting or Lasting.GTC,
        post_only=kind is OrderKind.LIMIT_MAKER,
        trigger=_trigger(params, kind, bought=bought),
    )


def _trigger(params: Params, kind: OrderKind, *, bought: bool) -> Trigger | None:
    price: Decimal | None = params.decimal("stopPrice")
    if price is None:
        return None
    if price == 0:
        raise ApiError(-1013, "Invalid stopPrice.")
    # A stop buys what rises and sells what falls; a profit target is the other way round.
    stop = kind in (OrderKind.STOP_LOSS, OrderKind.STOP_LOSS_LIMIT)
    return Trigger(price, rising=bought == stop)


def _only_what_it_needs(params: Params, kind: OrderKind) -> None:
    needs = NEEDS[kind]
    for name in sorted(needs):
        if not params.sent.get(name):
            raise errors.missing(name)
    for name in TERMS:
        if params.has(name) and name not in needs:
            raise errors.not_required(name)
    if params.has("quoteOrderQty") and (kind is not OrderKind.MARKET or params.has("quantity")):
        raise errors.not_required("quoteOrderQty")
    if not params.has("quoteOrderQty") and not params.has("quantity"):
        raise errors.missing("quantity")


def _found(call: Call, id_name: str, cid_name: str, absent: ApiError) -> PaperOrder:
    """By id, and when both are sent the client id must agree. Raises `absent`."""
    symbol = symbol_of(call.venue, call.params.need("symbol", SYMBOL))
    text, cid = call.params.text(id_name, INTEGER), call.params.text(cid_name)
    if text is None and cid is None:
        msg = f"Param '{cid_name}' or '{id_name}' must be sent, but both were empty/null!"
        raise ApiError(-1102, msg)
    if text is not None:
        order = call.account.orders[symbol].get(int(text))
    else:
        order = call.account.by_cid.get(cid or "")
    if order is None or order.asked.symbol != symbol or (cid and order.asked.cid != cid):
        raise absent
    return order


def _restrict(call: Call, order: PaperOrder) -> None:
    msg = "cancelRestrictions has to be either ONLY_NEW or ONLY_PARTIALLY_FILLED."
    only = call.params.choice("cancelRestrictions", CancelRestriction, -1145, msg)
    if only is not None and (only is CancelRestriction.ONLY_NEW) != (not order.fills):
        raise ApiError(-2011, "Order was not canceled due to cancel restrictions.")


def _detail(call: Call) -> Detail:
    msg = errors.illegal("newOrderRespType", "ACK|RESULT|FULL").msg
    sent = call.params.choice("newOrderRespType", Detail, -1100, msg)
    if sent is not None:
        return sent
    return Detail.FULL if call.params.sent["type"] in ("LIMIT", "MARKET") else Detail.ACK


def _failure(failure: ApiError | Refused) -> object:
    return (failure if isinstance(failure, ApiError) else errors.refusal(failure)).body()


def _half(  # both halves of the answer have two parts
    code: int, msg: str, cancel: str, cancelled: object, new: str, placed: object = None
) -> ApiError:
    status = 409 if code == -2021 else 400
    return ApiError(code, msg, status, data=_outcome(cancel, cancelled, new, placed))


def _outcome(cancel: str, cancelled: object, new: str, placed: object) -> dict[str, object]:
    return {
        "cancelResult": cancel,
        "newOrderResult": new,
        "cancelResponse": cancelled,
        "newOrderResponse": placed,
    }
