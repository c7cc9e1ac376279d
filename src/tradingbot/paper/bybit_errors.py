"""Bybit's error codes, in Bybit's words."""

from tradingbot.paper.refusals import (
    DuplicateClientId,
    FilterFailed,
    NotEnoughFunds,
    Refused,
    UnknownOrder,
)


class ApiError(Exception):
    """An answer with a retCode that is not 0."""

    def __init__(self, code: int, msg: str) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg


class Shut(Exception):  # noqa: N818  # errors are named after what is the case
    """The address asked too often, and gets no JSON for a while."""


def wrong(what: str) -> ApiError:
    return ApiError(10001, f"Request parameter error: {what}")


def missing(name: str) -> ApiError:
    return wrong(f"{name} is required.")


def illegal_category() -> ApiError:
    return ApiError(10001, "Illegal category")


def unsigned() -> ApiError:
    return ApiError(
        10001, "empty value: apiTimestamp[] apiKey[] apiSignature[]: openapi sign params error!"
    )


def unknown_market() -> ApiError:
    return ApiError(10001, "Not supported symbols")


def out_of_window(timestamp: int, now: int, window: int) -> ApiError:
    return ApiError(
        10002,
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{timestamp}],server_timestamp[{now}],recv_window[{window}]",
    )


def invalid_key() -> ApiError:
    return ApiError(10003, "API key is invalid.")


def invalid_sign() -> ApiError:
    return ApiError(10004, "error sign! please check your signature generation algorithm.")


def not_permitted() -> ApiError:
    return ApiError(10005, "Permission denied, please check your API key permissions.")


def too_many() -> ApiError:
    return ApiError(10006, "Too many visits. Exceeded the API Rate Limit.")


def invalid_data(name: str) -> ApiError:
    return ApiError(170130, f"Data sent for parameter '{name}' is not valid.")


def no_such_order() -> ApiError:
    return ApiError(170213, "Order does not exist.")


def duplicate() -> ApiError:
    return ApiError(170141, "Duplicate clientOrderId.")


def too_many_open(limit: int) -> ApiError:
    return ApiError(
        170810, f"Cannot exceed maximum of {limit} conditional, TP/SL and active orders."
    )


WORDS: dict[type[Refused], ApiError] = {
    NotEnoughFunds: ApiError(170131, "Insufficient balance."),
    DuplicateClientId: duplicate(),
    UnknownOrder: no_such_order(),
    # What a market refuses is told in detail before the venue sees it: `bybit_filters`.
    FilterFailed: ApiError(170210, "New order rejected."),
}


def refusal(refused: Refused) -> ApiError:
    """The venue's reason in Bybit's words."""
    known = WORDS[type(refused)]
    return ApiError(known.code, known.msg)
