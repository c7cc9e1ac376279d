"""Access tokens are ours, fresh, and of the right kind, or worth nothing."""

import jwt
import pytest

from tests.fakes import FakeClock
from tradingbot.users.errors import NotSignedIn, TokenExpired
from tradingbot.users.tokens import AccessTokens

KEY = b"a signing key of thirty-two byte"


def test_a_token_carries_its_user_until_it_expires() -> None:
    clock = FakeClock()
    tokens = AccessTokens(KEY, clock, minutes=30)
    token = tokens.issue(7)
    clock.advance(30 * 60 - 1)
    assert tokens.user_id(token) == 7
    clock.advance(1)
    with pytest.raises(TokenExpired):
        tokens.user_id(token)


@pytest.mark.parametrize(
    ("change", "key", "algorithm"),
    [
        ({}, b"another key of thirty-two bytes!", "HS256"),
        ({}, KEY, "HS512"),
        ({}, None, "none"),
        ({"typ": "refresh"}, KEY, "HS256"),
        ({"sub": "0"}, KEY, "HS256"),
        ({"sub": "ann"}, KEY, "HS256"),
        ({"sub": str(2**63)}, KEY, "HS256"),
        ({"exp": "soon"}, KEY, "HS256"),
        ({"exp": None}, KEY, "HS256"),
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_token_that_is_not_exactly_ours_is_refused(
    change: dict[str, object], key: bytes | None, algorithm: str
) -> None:
    clock = FakeClock()
    claims = {"sub": "7", "typ": "access", "exp": clock.now().timestamp() + 60}
    token = jwt.encode(claims | change, key, algorithm)  # type: ignore[arg-type]  # because "none" takes no key
    with pytest.raises(NotSignedIn):
        AccessTokens(KEY, clock, minutes=30).user_id(token)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "é", "\ud800", "x" * 100_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotSignedIn):
        AccessTokens(KEY, FakeClock(), minutes=30).user_id(token)
