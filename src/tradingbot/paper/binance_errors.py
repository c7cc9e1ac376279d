"""Binance's error codes, in Binance's words."""

from tradingbot.paper.refusals import (
    DuplicateClientId,
    FilterFailed,
    NotEnoughFunds,
    Refused,
    UnknownOrder,
    WouldMatch,
    WouldTrigger,
)


class ApiError(Exception):
    """An answer {code, msg} with its HTTP status; `data` rides along where Binance adds it."""

    def __init__(
        self, code: int, msg: str, status: int = 400, *, data: object = None, retry_after: int = 0
    ) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.status = status
        self.data = data
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        body: dict[str, object] = {"code": self.code, "msg": self.msg}
        return body if self.data is None else {**body, "data": self.data}


def illegal(name: str, legal: str) -> ApiError:
    return ApiError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'."
    )


def missing(name: str) -> ApiError:
    return ApiError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def not_required(name: str) -> ApiError:
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def unread(read: int, sent: int) -> ApiError:
    return ApiError(
        -1104,
        f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.",
    )


def invalid_symbol() -> ApiError:
    return ApiError(-1121, "Invalid symbol.")


def invalid_data(name: str) -> ApiError:
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def bad_signature() -> ApiError:
    return ApiError(-1022, "Signature for this request is not valid.")


def bad_key_format() -> ApiError:
    return ApiError(-2014, "API-key format invalid.", 401)


def key_refused() -> ApiError:
    return ApiError(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def too_late() -> ApiError:
    return ApiError(-1021, "Timestamp for this request is outside of the recvWindow.")


def too_early() -> ApiError:
    return ApiError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def no_such_order() -> ApiError:
    return ApiError(-2013, "Order does not exist.")


def nothing_to_cancel() -> ApiError:
    return ApiError(*WORDS[UnknownOrder])


WORDS: dict[type[Refused], tuple[int, str]] = {
    NotEnoughFunds: (-2010, "Account has insufficient balance for requested action."),
    WouldMatch: (-2010, "Order would immediately match and take."),
    WouldTrigger: (-2010, "Stop price would trigger immediately."),
    DuplicateClientId: (-2010, "Duplicate order sent."),
    UnknownOrder: (-2011, "Unknown order sent."),
}


def refusal(refused: Refused) -> ApiError:
    """The venue's reason in Binance's words."""
    if isinstance(refused, FilterFailed):
        return ApiError(-1013, f"Filter failure: {refused.name}")
    return ApiError(*WORDS[type(refused)])
