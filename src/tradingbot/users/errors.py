"""What can go wrong with signing up and signing in, by name."""

from tradingbot.kit.errors import Conflict, Fact, NotFound


class EmailTaken(Conflict):
    code = "email_taken"


class UserUnknown(NotFound):
    code = "user_not_found"


class NotSignedIn(Fact):
    """No token, or one that is not ours."""

    code = "not_signed_in"
    status = 401


class TokenExpired(NotSignedIn):
    code = "token_expired"


class TokenReused(NotSignedIn):
    """A refresh token shown a second time: somebody else may have it, so its family ends."""

    code = "token_reused"


class UserInactive(NotSignedIn):
    code = "user_inactive"


class CredentialsWrong(NotSignedIn):
    """The same for an unknown e-mail and a wrong password."""

    code = "credentials_wrong"


class TooManyAttempts(Fact):
    code = "too_many_attempts"
    status = 429

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
