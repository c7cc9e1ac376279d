"""The base of every named error."""

from typing import ClassVar

# EX_CONFIG of sysexits.h: started again with the same settings, it would end the same.
EXIT_HOPELESS = 78


class Fact(Exception):  # noqa: N818  # errors are named after what is the case: KeyRefused
    """Something a person can be told: a stable code, an HTTP status, a sentence.

    `field` names the input at fault, where there is one. The message never holds a secret.
    `exit_code` is that of a process it ends.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotFound(Fact):
    """It does not exist, or is not yours: from outside the two look the same."""

    code = "not_found"
    status = 404


class Invalid(Fact):
    code = "invalid"
    status = 422


class Conflict(Fact):
    code = "conflict"
    status = 409


class Unavailable(Fact):
    """A part of the system does not answer right now."""

    code = "unavailable"
    status = 503
