"""`tradingbot …`: one command, one subcommand per process."""

import asyncio
import sys
import time
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradingbot.kit.errors import Fact
from tradingbot.processes import commands

if TYPE_CHECKING:  # importing it for real would slow every --help
    from tradingbot.settings import Settings

app = typer.Typer(
    help="Trading bots on your own machine: no order lost, none doubled. Start with `up --demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
keys = typer.Typer(help="The keys that encrypt what is stored.", no_args_is_help=True)
user = typer.Typer(help="The people who may sign in.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(user, name="user")


class Strategies(StrEnum):
    GRID = "grid"
    ALL = "all"


class Limits(StrEnum):
    BINANCE = "binance"
    ROOMY = "roomy"


# For an exchange with one local user, whose many bots count as one address.
ROOMY = {
    "weight_per_minute": 1_000_000,
    "orders_per_10_seconds": 100_000,
    "orders_per_day": 100_000_000,
    "open_orders_per_market": 100_000,
    "bybit_requests_per_5_seconds": 100_000,
    "bybit_orders_per_second": 10_000,
    "bybit_amends_per_second": 10_000,
    "bybit_queries_per_second": 10_000,
    "bybit_open_orders": 100_000,
}


# Four hours a minute: a newcomer sees a grid buy and sell while looking at it.
DEMO_SPEED = 240.0

Port = Annotated[int | None, typer.Option(min=0, max=65535, help="0: any free one.")]
DataDir = Annotated[Path | None, typer.Option(help="Where everything is kept (DATA_DIR).")]
Feed = Annotated[str, typer.Option(help="Prices: synthetic, or replay:FILE (Parquet or CSV).")]
SPEED = typer.Option(min=0, help="Times real time; 0: a replay at full speed. --demo: 240.")
Speed = Annotated[float, typer.Option(min=0, help="Times real time; 0: a replay at full speed.")]
FaultPort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        help="The paper exchange takes orders for faults there: for tests of reliability.",
    ),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same synthetic prices.")]
FeeCoin = Annotated[
    str | None, typer.Option(help="Pays fees, at a discount, while an account has it: BNB.")
]
Password = Annotated[
    str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for.")
]
Email = Annotated[str, typer.Argument(help="What the person signs in with.")]


@app.callback()
def root(
    parent: Annotated[int, typer.Option(hidden=True, help="End when this process ends.")] = 0,
) -> None:
    if parent:
        from tradingbot.local.child import end_with

        end_with(parent)


@app.command()
def up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="With a demo user and its bots.")] = False,
    port: Port = None,
    data_dir: DataDir = None,
    feed: Feed = "synthetic",
    speed: Annotated[float | None, SPEED] = None,
    seed: Seed = 1,
    paper_fault_port: FaultPort = None,
    fee_coin: FeeCoin = None,
) -> None:
    """Run the whole system on this machine until Ctrl-C.

    Starts PostgreSQL, Valkey, the paper exchange, the API and every worker; brings the tables up
    to date; restarts whatever ends; stops all of it again. Everything is kept in the data
    directory and is there again at the next start. While it runs, runtime.json in the data
    directory says where everything answers, and logs/ holds what each process says.

    \b
    Environment:
      DATABASE_URL, REDIS_URL  use these servers instead of starting our own
      PAPER_EXCHANGE_URL       use this paper exchange instead of starting our own
      SECRET_KEY               encrypts stored keys; made once, in the data directory, if not given
      TRADING_MODE             paper (default), testnet or live: the furthest any bot may go
      TELEGRAM_BOT_TOKEN       people are told, and may ask, on Telegram
      SMTP_URL, MAIL_FROM      people are told by e-mail
      PUBLIC_URL               where links in e-mails lead, and where Telegram calls us
      DATA_DIR, API_HOST, API_PORT, LOG_LEVEL, LOG_FORMAT

    \b
    Example:
      tradingbot up --demo --port 8000 --data-dir ./data
    """
    from tradingbot import settings as environment
    from tradingbot.local import up as local
    from tradingbot.local.directory import DataDirectory
    from tradingbot.local.screen import tell

    begun = time.monotonic()
    settings = environment.load()
    options = local.UpOptions(
        environment=environment.environment,
        tell=tell,
        host=settings.api_host,
        port=settings.api_port if port is None else port,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        secret_key=settings.secret_key.get_secret_value(),
        paper_exchange_url=settings.paper_exchange_url,
        paper=settings.trading_mode == "paper",
        paper_fault_port=paper_fault_port,
        paper_arguments=(
            f"--feed={feed}",
            f"--speed={speed if speed is not None else DEMO_SPEED if demo else 1.0}",
            f"--seed={seed}",
            f"--limits={Limits.ROOMY}",
            *((f"--fee-coin={fee_coin}",) if fee_coin else ()),
        ),
        aside=aside(settings),
    )
    directory = DataDirectory(data_dir or settings.data_dir)
    companion = None
    if demo:
        from tradingbot.local.demo import accompany

        companion = partial(accompany, directory=directory, begun=begun)
    asyncio.run(local.up(options, directory, companion))


@app.command()
def migrate(
    wait: Annotated[float, typer.Option(min=0, help="Seconds a silent database is given.")] = 0,
) -> None:
    """Bring the tables of the database up to date, then end.

    \b
    Environment: DATABASE_URL, SECRET_KEY
    Example:     DATABASE_URL=postgresql://me@localhost/bots tradingbot migrate
    """
    url = stored().database_url
    from tradingbot.kit import schema
    from tradingbot.kit.database import DatabaseUnreachable

    deadline = time.monotonic() + wait
    while True:
        try:
            asyncio.run(schema.migrate(url))
        except DatabaseUnreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


@app.command()
def api() -> None:
    """Serve the REST API until SIGTERM; its documentation is at /docs.

    \b
    Environment: DATABASE_URL, REDIS_URL, SECRET_KEY, API_HOST (127.0.0.1), API_PORT (8000),
                 ACCESS_TOKEN_MINUTES (30)
    Example:     API_PORT=9000 tradingbot api
    """
    from tradingbot import settings as environment

    settings = environment.load(*environment.EVERYTHING)
    from tradingbot.processes import api as process

    process.main(settings)


@app.command()
def bot_worker(
    strategy: Annotated[Strategies, typer.Option(help="Whose bots it runs.")] = Strategies.ALL,
) -> None:
    """Run bots until SIGTERM: take their events, decide, place and cancel orders.

    Any number may run at once; each bot is held by one of them, and by another within 15 seconds
    when that one dies.

    \b
    Environment: DATABASE_URL, REDIS_URL, SECRET_KEY, TRADING_MODE, PAPER_EXCHANGE_URL
    Example:     tradingbot bot-worker --strategy grid
    """
    from tradingbot import settings as environment

    settings = environment.load(*environment.EVERYTHING)
    from tradingbot.processes import bot_worker as process

    process.main(settings, strategy.value)


app.command()(commands.order_monitor)
app.command()(commands.notifier)
app.command()(commands.telegram_bot)
app.command()(commands.email_worker)


@app.command()
def paper_exchange(
    *,
    port: Port = None,
    feed: Feed = "synthetic",
    speed: Speed = 1.0,
    seed: Seed = 1,
    limits: Annotated[Limits, typer.Option(help="Rate limits.")] = Limits.BINANCE,
    fault_port: FaultPort = None,
    fee_coin: FeeCoin = None,
) -> None:
    """Serve an exchange with play money that speaks Binance's and Bybit's protocol, until SIGTERM.

    An unknown API key gets an account with starting balances. The journal in the data directory
    holds everything that happened; after a crash the exchange goes on from it.

    \b
    Environment: DATA_DIR, SECRET_KEY
    Example:     tradingbot paper-exchange --port 8100 --feed replay:BTC_USDT-1h.parquet --speed 0
    """
    from tradingbot import settings as environment
    from tradingbot.paper.options import PaperLimits, PaperOptions
    from tradingbot.processes import paper_exchange as process
    from tradingbot.simulation.fees import FeeRates

    settings = environment.load("secret_key")
    process.main(
        PaperOptions(
            data_dir=settings.data_dir,
            port=port or 0,
            fault_port=fault_port,
            feed=feed,
            speed=speed,
            seed=seed,
            limits=PaperLimits() if limits is Limits.BINANCE else PaperLimits(**ROOMY),
            fees=FeeRates(third_coin=fee_coin.upper() if fee_coin else None),
        )
    )


@app.command()
def audit() -> None:
    """Check that the books of orders and fills add up, then end: with 1 when they do not.

    Every breach is a line: the rule, the account, the row, what is wrong. The order monitor asks
    the same once an hour, of what has changed within a day.

    \b
    Environment: DATABASE_URL, SECRET_KEY
    Example:     tradingbot audit && echo the books add up
    """
    from tradingbot.wiring import administration

    breaches = asyncio.run(administration.audit(stored()))
    for breach in breaches:
        line = f"{breach.rule}\taccount {breach.account_id}\t{breach.subject}\t{breach.why}"
        typer.echo(line)
    if breaches:
        sys.exit(1)


@keys.command("rotate")
def rotate_keys() -> None:
    """Encrypt every stored exchange key and webhook secret anew with SECRET_KEY, then end.

    Put the new key into SECRET_KEY and the one before into SECRET_KEYS_OLD, start the processes
    again, run this, and the old key is no longer needed.

    \b
    Environment: DATABASE_URL, SECRET_KEY, SECRET_KEYS_OLD
    Example:     SECRET_KEYS_OLD=$OLD SECRET_KEY=$NEW tradingbot keys rotate
    """
    from tradingbot.wiring import administration

    accounts, secrets = asyncio.run(administration.rotate_keys(stored()))
    typer.echo(f"keys of {accounts} accounts and {secrets} webhook secrets encrypted anew")


@user.command("create")
def create_user(email: Email, password: Password) -> None:
    """Add a person who may sign in; the password is asked for.

    \b
    Environment: DATABASE_URL, SECRET_KEY
    Example:     tradingbot user create ann@example.com
    """
    from tradingbot.wiring import administration

    number = asyncio.run(administration.create_user(stored(), email, password))
    typer.echo(f"user {number}: {email}")


@user.command("deactivate")
def deactivate_user(email: Email) -> None:
    """Shut a person out, at once and until somebody changes it in the database.

    \b
    Environment: DATABASE_URL, SECRET_KEY
    Example:     tradingbot user deactivate ann@example.com
    """
    from tradingbot.wiring import administration

    asyncio.run(administration.deactivate_user(stored(), email))
    typer.echo(f"{email} can no longer sign in")


@user.command("list")
def list_users() -> None:
    """Show everybody: number, e-mail, active or not, since when.

    \b
    Environment: DATABASE_URL, SECRET_KEY
    Example:     tradingbot user list
    """
    from tradingbot.wiring import administration

    for person in asyncio.run(administration.list_users(stored())):
        state = "active" if person.is_active else "inactive"
        typer.echo(f"{person.id}\t{person.email}\t{state}\t{person.created_at:%Y-%m-%d}")


def aside(settings: "Settings") -> tuple[str, ...]:
    """The processes there is something to do for."""
    wanted = {
        "telegram-bot": settings.telegram_bot_token.get_secret_value(),
        "email-worker": settings.smtp_url,
    }
    return tuple(name for name, given in wanted.items() if given)


def stored() -> "Settings":
    """What a command needs that works on what is stored."""
    from tradingbot import settings as environment

    return environment.load("secret_key", "database_url")


def main() -> None:
    """Run a command. What a person can be told ends it in one clear line."""
    try:
        app()
    except Fact as fact:
        typer.echo(f"tradingbot: {fact.message}", err=True)
        sys.exit(fact.exit_code)


if __name__ == "__main__":
    main()
