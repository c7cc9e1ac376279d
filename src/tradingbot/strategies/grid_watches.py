"""The prices a grid wants to hear of: its stops, and the ends of its range."""

from dataclasses import replace

from tradingbot.strategies.grid_draft import Draft
from tradingbot.trading.event import PriceCrossed
from tradingbot.trading.intent import Direction, UnwatchPrice, WatchPrice
from tradingbot.trading.money import spoken

STOP_LOSS = "grid:stop_loss"
TAKE_PROFIT = "grid:take_profit"
BELOW = "grid:below"
ABOVE = "grid:above"
INSIDE = "grid:inside"


def arm(draft: Draft) -> None:
    """Watch the stops that are set and both ends of the range."""
    draft.intents += _stops(draft)
    if not draft.state.outside:
        draft.intents += [_end(draft, BELOW), _end(draft, ABOVE)]


def forget_unset(draft: Draft) -> None:
    armed = {watch.trigger for watch in _stops(draft)}
    for trigger in (STOP_LOSS, TAKE_PROFIT):
        if trigger not in armed:
            draft.intents.append(UnwatchPrice(trigger, "it is not set any more"))


def disarm(draft: Draft) -> None:
    stops = [watch.trigger for watch in _stops(draft)]
    for trigger in (*stops, BELOW, ABOVE, INSIDE):
        draft.intents.append(UnwatchPrice(trigger, "the grid has ended"))


def _stops(draft: Draft) -> list[WatchPrice]:
    loss, profit = draft.params.stop_loss, draft.params.take_profit
    watches = []
    if loss is not None:
        text = f"stop loss at {spoken(loss)}"
        watches.append(WatchPrice(STOP_LOSS, loss, Direction.BELOW, text))
    if profit is not None:
        text = f"take profit at {spoken(profit)}"
        watches.append(WatchPrice(TAKE_PROFIT, profit, Direction.ABOVE, text))
    return watches


def _end(draft: Draft, trigger: str, reason: str = "") -> WatchPrice:
    if trigger == BELOW:
        end, direction = draft.state.lines[0], Direction.BELOW
    else:
        end, direction = draft.state.lines[-1], Direction.ABOVE
    return WatchPrice(trigger, end, direction, reason or f"the range ends at {spoken(end)}")


def stop_reached(draft: Draft, event: PriceCrossed) -> str | None:
    """What to tell when this crossing ends the grid; None when it does not."""
    loss, profit = draft.params.stop_loss, draft.params.take_profit
    price = spoken(event.price)
    if event.trigger == STOP_LOSS and loss is not None and event.price <= loss:
        return f"price {price} reached the stop loss at {spoken(loss)}"
    if event.trigger == TAKE_PROFIT and profit is not None and event.price >= profit:
        return f"price {price} reached the take profit at {spoken(profit)}"
    return None


def range_crossed(draft: Draft, event: PriceCrossed) -> bool:
    """Note that the price left the range or came back; False when that is no news.

    It is back only one whole line inside, so that a price on the border does not knock all day.
    """
    outside, lines = draft.state.outside, draft.state.lines
    price = spoken(event.price)
    match event.trigger, outside:
        case (("grid:below" | "grid:above"), ""):
            low = event.trigger == BELOW
            back, last = (lines[1], lines[0]) if low else (lines[-2], lines[-1])
            direction = Direction.ABOVE if low else Direction.BELOW
            reason = (
                f"price {price} left the range {'below' if low else 'above'} {spoken(last)}: "
                f"the grid waits until it is back at {spoken(back)}"
            )
            draft.intents.append(WatchPrice(INSIDE, back, direction, reason))
            outside = "below" if low else "above"
        case "grid:inside", ("below" | "above"):
            end = BELOW if outside == "below" else ABOVE
            draft.intents.append(_end(draft, end, f"price {price} is back in the range"))
            outside = ""
        case _:
            return False
    draft.state = replace(draft.state, outside=outside)
    return True
