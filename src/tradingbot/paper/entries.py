"""Orders as the journal keeps them."""

from decimal import Decimal

from tradingbot.paper.journal import Entry
from tradingbot.paper.orders import Fill, Lasting, OrderRequest, PaperOrder, Trigger
from tradingbot.trading.order import Side


def described(order: PaperOrder) -> dict[str, object]:
    asked = order.asked
    about: dict[str, object] = {
        "account": order.account,
        "symbol": asked.symbol,
        "order_id": order.id,
        "cid": asked.cid,
        "side": asked.side,
        "quantity": asked.quantity,
        "budget": asked.budget,
        "price": asked.price,
        "lasting": asked.lasting,
        "post_only": asked.post_only,
        "trigger": _written(asked.trigger),
        "locked": order.locked,
    }
    return about | {"waiting": True} if order.waiting else about


def amended(order: PaperOrder) -> dict[str, object]:
    asked = order.asked
    return {
        "account": order.account,
        "symbol": asked.symbol,
        "order_id": order.id,
        "cid": asked.cid,
        "quantity": asked.quantity,
        "price": asked.price,
        "trigger": _written(asked.trigger),
        "locked": order.locked,
    }


def order_of(entry: Entry) -> PaperOrder:
    asked = OrderRequest(
        cid=entry["cid"],
        symbol=entry["symbol"],
        side=Side(entry["side"]),
        quantity=decimal(entry["quantity"]),
        budget=decimal(entry["budget"]),
        price=decimal(entry["price"]),
        lasting=Lasting(entry["lasting"]),
        post_only=entry["post_only"],
        trigger=trigger_of(entry),
    )
    at = entry["at"]
    waiting = entry.get("waiting", False)
    return PaperOrder(
        id=entry["order_id"],
        account=entry["account"],
        asked=asked,
        created=at,
        updated=at,
        working_since=None if asked.trigger or waiting else at,
        waiting=waiting,
    )


def fill_of(entry: Entry) -> Fill:
    return Fill(
        trade_id=entry["trade_id"],
        price=Decimal(entry["price"]),
        quantity=Decimal(entry["quantity"]),
        fee=Decimal(entry["fee"]),
        fee_asset=entry["fee_asset"],
        maker=entry["maker"],
        at=entry["at"],
    )


def trigger_of(entry: Entry) -> Trigger | None:
    trigger = entry["trigger"]
    return Trigger(Decimal(trigger[0]), *trigger[1:]) if trigger else None


def decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _written(trigger: Trigger | None) -> list[object] | None:
    if trigger is None:
        return None
    return [trigger.price, trigger.rising, *([] if trigger.reserves else [False])]
