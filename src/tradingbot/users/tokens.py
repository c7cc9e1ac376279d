"""Access tokens: short-lived, signed, carrying the user's id."""

import hashlib
from datetime import timedelta

import jwt
from jwt.types import Options

from tradingbot.kit import ids
from tradingbot.kit.clock import Clock
from tradingbot.users.errors import NotSignedIn, TokenExpired

ALGORITHM = "HS256"
KIND = "access"
USER_ID_MAX = 2**63 - 1


class AccessTokens:
    def __init__(self, signing_key: bytes, clock: Clock, minutes: int) -> None:
        self._signing_key = signing_key
        self._clock = clock
        self._life = timedelta(minutes=minutes)

    @property
    def seconds(self) -> int:
        return int(self._life.total_seconds())

    def issue(self, user_id: int) -> str:
        now = self._clock.now()
        claims = {"sub": str(user_id), "typ": KIND, "iat": now, "exp": now + self._life}
        return jwt.encode(claims, self._signing_key, ALGORITHM)

    def user_id(self, token: str) -> int:
        """Whose token it is. Raises NotSignedIn, TokenExpired."""
        # Our own clock judges the time, the one that also issued it.
        options: Options = {"require": ["sub", "exp"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._signing_key, [ALGORITHM], options=options)
            user_id, expires = int(claims["sub"]), float(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError):
            raise NotSignedIn("this token is not valid: sign in again") from None
        if claims.get("typ") != KIND or not 0 < user_id <= USER_ID_MAX:
            raise NotSignedIn("this token is not valid: sign in again")
        if expires <= self._clock.now().timestamp():
            raise TokenExpired("this token has expired: refresh it or sign in again")
        return user_id


def new_refresh_token() -> str:
    return ids.new_token()


def refresh_hash(token: str) -> str:
    """What is kept of a refresh token: its randomness makes a plain hash enough."""
    return hashlib.sha256(token.encode()).hexdigest()
