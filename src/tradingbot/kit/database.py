"""The engine, and the metadata every table joins."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import URL, DateTime, MetaData, Numeric, make_url, text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tradingbot.kit.errors import Unavailable
from tradingbot.kit.statement import Driver

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# One transaction in hand. Services pass it on without knowing SQL.
Connection: TypeAlias = AsyncConnection

# Unbounded: an exchange's digits are kept to the last one.
Money = Numeric(asdecimal=True)
Moment = DateTime(timezone=True)


NoConnection = AsyncAdapt_asyncpg_dbapi.Error

# SQLSTATE classes: connection exceptions, too many of them, shutdown and start-up, deadlocks,
# and a transaction that was idle too long.
OUTAGE_STATES = ("08", "53", "57P", "40", "25P03")
# NoConnection is what is left of a driver's error when not even a connection came about;
# InternalClientError is what a query meets between a server's last words and its hanging up.
GONE = (PoolTimeout, NoConnection, InterfaceError, InternalClientError, OSError)
# Who stands still with rows locked is sent away, and whose machine is gone is noticed: what he
# held is for others to take, as soon as his lease has run out.
IDLE_SECONDS_MAX = 15.0
KEEPALIVES = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}


class DatabaseUnreachable(Unavailable):
    code = "database_unreachable"


def async_url(url: str) -> URL:
    """Any postgres URL, with the driver we use."""
    return make_url(url).set(drivername="postgresql+asyncpg")


class Database:
    """Connections to PostgreSQL. `begin()` is one transaction: all of it commits, or none."""

    def __init__(
        self, url: str, *, connections_max: int = 10, idle_seconds_max: float = IDLE_SECONDS_MAX
    ) -> None:
        idle_ms_max = str(round(idle_seconds_max * 1000))
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            hide_parameters=True,
            pool_size=connections_max,
            max_overflow=0,
            pool_timeout=10,
            # A restarted server is noticed by the failing query, not by a ping before each.
            pool_pre_ping=False,
            connect_args={
                "timeout": 5,
                "command_timeout": 30,
                "server_settings": {
                    "idle_in_transaction_session_timeout": idle_ms_max,
                    **KEEPALIVES,
                },
            },
        )
        # A lone SELECT needs no transaction around it: two round trips less.
        self._reads = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction. Raises DatabaseUnreachable; then nothing of it is kept.

        But for one moment: when the connection breaks during the commit itself, it may be.
        """
        with outage_named():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """For questions only, each by itself. Raises DatabaseUnreachable."""
        with outage_named():
            async with self._reads.connect() as connection:
                yield connection

    @asynccontextmanager
    async def driving(self) -> AsyncIterator[Driver]:
        """One transaction on the driver itself, for prepared `Statement`s. As `begin` otherwise."""
        async with self._borrowed() as driver, driver.transaction():
            yield driver

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Driver]:
        """The driver itself for single statements: questions, and writes that are whole in one.

        Raises DatabaseUnreachable.
        """
        async with self._borrowed() as driver:
            yield driver

    @asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Any]:
        with outage_named():
            borrowed = await self.engine.raw_connection()
            try:
                yield borrowed.driver_connection
            except BaseException as error:
                # Broken, or left in the middle of an answer; after any other error it is whole.
                if not isinstance(error, Exception) or is_outage(error):
                    borrowed.invalidate()
                raise
            finally:
                borrowed.close()

    async def ping(self) -> None:
        """Raise DatabaseUnreachable when it does not answer, or does not let us in."""
        try:
            async with self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise DatabaseUnreachable(f"PostgreSQL refuses: {cause(error)}") from error

    async def close(self) -> None:
        await self.engine.dispose()


@contextmanager
def outage_named() -> Iterator[None]:
    """PostgreSQL gone, restarting, or a connection cut: one name for all of it."""
    try:
        yield
    except Exception as error:
        if is_outage(error):
            raise DatabaseUnreachable(f"PostgreSQL does not answer: {cause(error)}") from error
        raise


def is_outage(error: Exception) -> bool:
    """Whether it failed for where it was asked, not for what: the same again may go well."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        return error.connection_invalidated or str(state or "").startswith(OUTAGE_STATES)
    if isinstance(error, PostgresError):
        return str(error.sqlstate or "").startswith(OUTAGE_STATES)
    return isinstance(error, GONE)


def cause(error: BaseException) -> str:
    """The driver's own short words, without the statement, its values or the password."""
    origin = getattr(error, "orig", None) or error
    words = str(origin).splitlines()[0] if str(origin) else ""
    return words.rpartition(": ")[2] or type(origin).__name__
