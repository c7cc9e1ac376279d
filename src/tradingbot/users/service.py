"""Use cases: sign up, sign in, stay signed in, sign out."""

from collections.abc import Sequence
from datetime import timedelta

from tradingbot.kit import ids
from tradingbot.kit.clock import Clock
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.statement import Driver
from tradingbot.users import repository
from tradingbot.users.errors import (
    CredentialsWrong,
    EmailTaken,
    NotSignedIn,
    TokenReused,
    UserInactive,
    UserUnknown,
)
from tradingbot.users.passwords import Passwords
from tradingbot.users.repository import User
from tradingbot.users.schemas import Registration, Tokens
from tradingbot.users.throttle import Throttle
from tradingbot.users.tokens import AccessTokens, new_refresh_token, refresh_hash

REFRESH_LIFE = timedelta(days=30)


class Users:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        tokens: AccessTokens,
        passwords: Passwords,
        throttle: Throttle,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._passwords = passwords
        self._throttle = throttle

    async def register(self, registration: Registration) -> User:
        """Raise EmailTaken."""
        hashed = await self._passwords.hash(registration.password.get_secret_value())
        async with self._database.begin() as connection:
            user = await repository.add(connection, registration.email, hashed)
            if user is None:
                raise EmailTaken(f"{registration.email} is registered already", field="email")
            await repository.audit(connection, user.id, "registered", f"user:{user.id}")
        return user

    async def login(self, email: str, password: str, address: str) -> Tokens:
        """Raise CredentialsWrong, UserInactive, TooManyAttempts. `address` is the caller's."""
        email = _comparable(email)
        guesser = f"{email} {address}"
        self._throttle.check(guesser)
        async with self._database.begin() as connection:
            known = await repository.by_email(connection, email)
        hashed = None if known is None else known.password_hash
        matches = await self._passwords.matches(password, hashed)
        if known is None or not matches:
            self._throttle.failed(guesser)
            raise CredentialsWrong("e-mail or password is wrong")
        if not known.is_active:
            raise UserInactive("this user may not sign in")
        self._throttle.succeeded(guesser)
        async with self._database.begin() as connection:
            await repository.audit(connection, known.id, "signed_in", f"user:{known.id}")
            return await self._issue(connection, known.id, family=ids.new_uid())

    async def refresh(self, token: str) -> Tokens:
        """New tokens for a refresh token, which works once. Raises NotSignedIn, TokenReused."""
        async with self._database.begin() as connection:
            used = await repository.use_refresh_token(
                connection, refresh_hash(token), self._clock.now()
            )
            if used is not None:
                user_id, family = used
                _active(await repository.by_id(connection, user_id))
                return await self._issue(connection, user_id, family)
            known = await repository.end_family_of(connection, refresh_hash(token))
        if known:
            raise TokenReused("this refresh token was used before: sign in again")
        raise NotSignedIn("this refresh token is not valid: sign in again")

    async def logout(self, token: str) -> None:
        async with self._database.begin() as connection:
            await repository.end_family_of(connection, refresh_hash(token))

    def user_id(self, access_token: str) -> int:
        """Whose token it is; whether that user is still active is the database's to say."""
        return self._tokens.user_id(access_token)

    async def require_active(self, driver: Driver, user_id: int) -> User:
        """Raise UserInactive, or NotSignedIn for a user who is gone."""
        return _active(await repository.caller(driver, user_id))

    async def activate(self, email: str) -> User:
        return await self._set_active(email, active=True)

    async def deactivate(self, email: str) -> User:
        """Out at once: every request looks, and no refresh token is left."""
        return await self._set_active(email, active=False)

    async def everyone(self) -> Sequence[User]:
        async with self._database.begin() as connection:
            return await repository.everyone(connection)

    async def _set_active(self, email: str, *, active: bool) -> User:
        async with self._database.begin() as connection:
            user = await repository.set_active(connection, _comparable(email), active=active)
            if user is None:
                raise UserUnknown(f"there is no user {email}", field="email")
            if not active:
                await repository.end_all_families(connection, user.id)
            action = "activated" if active else "deactivated"
            await repository.audit(connection, None, action, f"user:{user.id}")
        return user

    async def _issue(self, connection: Connection, user_id: int, family: str) -> Tokens:
        token = new_refresh_token()
        expires_at = self._clock.now() + REFRESH_LIFE
        await repository.add_refresh_token(
            connection, user_id, family, refresh_hash(token), expires_at
        )
        return Tokens(
            access_token=self._tokens.issue(user_id),
            refresh_token=token,
            expires_in=self._tokens.seconds,
        )


def _active(user: User | None) -> User:
    if user is None:
        raise NotSignedIn("this user is gone")
    if not user.is_active:
        raise UserInactive("this user may not sign in")
    return user


def _comparable(email: str) -> str:
    # What PostgreSQL cannot hold is nobody's address either.
    return email.strip().lower().replace("\0", "\ufffd")
