"""Use cases: create a bot, change it, start and stop it, delete it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, TypeVar

from tradingbot.bots import money, parameters, performance, repository, runner_repository
from tradingbot.bots.errors import (
    AccountMismatch,
    BotHasOrders,
    BotNotFound,
    BotRuns,
    BotStops,
    FundsLacking,
    ParamsRefused,
    StrategyNotFound,
    StrategyUnknown,
)
from tradingbot.bots.parameters import AnyStrategy, Judged
from tradingbot.bots.performance import Books
from tradingbot.bots.repository import Bot
from tradingbot.bots.schemas import (
    BotChanges,
    BotView,
    Draft,
    DraftView,
    NewBot,
    PerformanceView,
    RefusalView,
    StatsView,
    StrategyView,
)
from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.exchanges import repository as accounts
from tradingbot.exchanges.errors import AccountNotFound, ExchangeUnreachable
from tradingbot.exchanges.ports import Exchanges, Mode
from tradingbot.exchanges.repository import Account
from tradingbot.exchanges.service import AccountDesk, Proven
from tradingbot.kit import idempotency, ids, outbox
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.errors import Fact
from tradingbot.kit.idempotency import Once
from tradingbot.ledger.balances import recount
from tradingbot.ledger.errors import FreeTaken
from tradingbot.orders.purse_repository import in_flight
from tradingbot.trading.event import OnStop
from tradingbot.users import repository as users

T = TypeVar("T")

OFF = ("stopped", "error")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new bot will trade: an account there is, or proven keys to make one of."""

    exchange: str
    mode: Mode
    account_id: int | None
    proven: Proven | None


class BotDesk:
    """Where people's bots are kept. `nudge` sends on what a commit has posted."""

    def __init__(
        self,
        database: Database,
        accounts: AccountDesk,
        exchanges: Exchanges,
        strategies: Mapping[str, AnyStrategy],
        nudge: Callable[[], None],
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._exchanges = exchanges
        self._strategies = strategies
        self._nudge = nudge
        self._books = Books()

    def strategies(self) -> Sequence[StrategyView]:
        return [
            StrategyView(
                name=each.name,
                title=each.title,
                params_schema=each.params_type.model_json_schema(),
            )
            for each in self._strategies.values()
        ]

    async def preview(self, name: str, draft: Draft) -> DraftView:
        """Raise StrategyNotFound, ParamsRefused, SymbolUnknown, ExchangeUnreachable."""
        strategy = self._strategies.get(name)
        if strategy is None:
            raise StrategyNotFound(f"there is no strategy {name}")
        self._accounts.require_place(draft.exchange, draft.mode)
        judged = await self._judge(strategy, draft.exchange, draft.mode, draft.symbol, draft.params)
        return DraftView(
            params=judged.saved(),
            problems=[RefusalView(**asdict(each)) for each in judged.refusals],
            preview=parameters.preview(strategy, judged),
        )

    async def create(self, user_id: int, new: NewBot, once: Once | None) -> BotView:
        """The bot, its account and its first command in one commit; all of it or none.

        Raises StrategyUnknown, ExchangeUnknown, ModeForbidden, AccountNotFound, AccountMismatch,
        SymbolUnknown, ParamsRefused, KeyRefused, FundsLacking, ExchangeUnreachable, KeyReused.
        """
        if once is not None:
            async with self._database.begin() as connection:
                if (said := await idempotency.recall(connection, once)) is not None:
                    return BotView.model_validate_json(said)
        strategy = self._strategies.get(new.strategy)
        if strategy is None:
            known = ", ".join(self._strategies)
            raise StrategyUnknown(
                f"there is no strategy of this name; there is: {known}", field="strategy"
            )
        place = await self._place(user_id, new)
        judged = await self._judge(strategy, place.exchange, place.mode, new.symbol, new.params)
        if judged.refusals:
            raise ParamsRefused(judged.refusals)
        place = await self._proven(place, new)
        bot = await self._with_all_counted(
            lambda: self._add_once(user_id, new, place, judged, once)
        )
        self._nudge()
        if place.proven is not None:
            await self._accounts.forget(bot.account_id)
        return bot

    async def change(self, user_id: int, bot_id: int, changes: BotChanges) -> Bot:
        """Raise BotNotFound, ParamsRefused, FundsLacking, ExchangeUnreachable."""
        values: dict[str, Any] = changes.model_dump(include={"name", "on_stop"}, exclude_none=True)
        if changes.params:
            values["params"] = await self._changed_params(user_id, bot_id, changes.params)

        async def change() -> Bot:
            async with self._database.begin() as connection:
                bot = await _lock(connection, user_id, bot_id)
                if "params" in values and bot.status not in OFF:
                    strategy = self._strategies[bot.strategy]
                    await money.take_more(connection, bot, strategy, values["params"])
                if values:
                    await repository.change(connection, bot_id, **values)
                    await users.audit(
                        connection, user_id, "bot_changed", f"bot:{bot_id}", fields=sorted(values)
                    )
                if "params" in values and bot.status not in OFF:
                    await self._command(connection, bot, "update")
                return await _lock(connection, user_id, bot_id)

        bot = await self._with_all_counted(change)
        self._nudge()
        return bot

    async def start(self, user_id: int, bot_id: int) -> Bot:
        """Raise BotNotFound, BotStops, FundsLacking. One that runs already goes on."""

        async def start() -> Bot:
            async with self._database.begin() as connection:
                bot = await _lock(connection, user_id, bot_id)
                if bot.status == "stopping":
                    raise BotStops("it is stopping: start it again once it has stopped")
                if bot.status in OFF:
                    await money.take_stake(connection, bot, self._strategies[bot.strategy])
                    await repository.change(connection, bot_id, status_reason="")
                    await self._command(connection, bot, "start")
                    await users.audit(connection, user_id, "bot_started", f"bot:{bot_id}")
                return await _lock(connection, user_id, bot_id)

        bot = await self._with_all_counted(start)
        self._nudge()
        return bot

    async def stop(self, user_id: int, bot_id: int, on_stop: OnStop | None) -> Bot:
        """Raise BotNotFound. One that is stopped already stays so."""
        async with self._database.begin() as connection:
            bot = await _lock(connection, user_id, bot_id)
            if on_stop is not None:
                await repository.change(connection, bot_id, on_stop=on_stop)
            if bot.status not in OFF:
                await self._command(connection, bot, "stop")
                await users.audit(connection, user_id, "bot_stopped", f"bot:{bot_id}")
            bot = await _lock(connection, user_id, bot_id)
        self._nudge()
        return bot

    async def delete(self, user_id: int, bot_id: int) -> None:
        """Raise BotNotFound, BotRuns, BotHasOrders. What it did stays known."""
        async with self._database.begin() as connection:
            bot = await _lock(connection, user_id, bot_id)
            if bot.status not in OFF:
                raise BotRuns("stop it first")
            if await repository.live_orders(connection, bot_id):
                raise BotHasOrders("orders of it may still trade: cancel them first")
            await money.give_back(connection, bot)
            await repository.remove(connection, bot_id)
            await users.audit(connection, user_id, "bot_deleted", f"bot:{bot_id}", name=bot.name)

    async def performance(self, user_id: int, bot_id: int) -> PerformanceView:
        """Raise BotNotFound."""
        async with self._database.begin() as connection:
            bot = await _owned(connection, user_id, bot_id)
        price = await self._price(bot)
        async with self._database.begin() as connection:
            strategy = self._strategies.get(bot.strategy)
            return await performance.performance(
                connection, self._books, user_id, bot, price, strategy
            )

    async def stats(self, user_id: int) -> StatsView:
        async with self._database.begin() as connection:
            return await performance.stats(connection, self._books, user_id)

    async def _judge(
        self,
        strategy: AnyStrategy,
        exchange: str,
        mode: Mode,
        symbol: str,
        given: Mapping[str, Any],
    ) -> Judged:
        parameters.read(strategy, given)  # what cannot be read need not bother the exchange
        around = await parameters.surroundings(self._exchanges, exchange, mode, symbol)
        return parameters.judge(strategy, given, around)

    async def _place(self, user_id: int, new: NewBot) -> Place:
        if new.account_id is None:
            assert new.exchange is not None, "the schema asks for it"
            place = Place(new.exchange, new.mode or Mode.PAPER, None, None)
        else:
            async with self._database.begin() as connection:
                account = await accounts.owned(connection, user_id, new.account_id)
            place = _place_of(account, new)
        self._accounts.require_place(place.exchange, place.mode)
        return place

    async def _proven(self, place: Place, new: NewBot) -> Place:
        if new.api_key is None or new.api_secret is None:
            return place
        proven = await self._accounts.prove(place.exchange, place.mode, new.api_key, new.api_secret)
        return Place(place.exchange, place.mode, None, proven)

    async def _add_once(
        self, user_id: int, new: NewBot, place: Place, judged: Judged, once: Once | None
    ) -> BotView:
        async with self._database.begin() as connection:
            if once is not None and (said := await idempotency.claim(connection, once)):
                return BotView.model_validate_json(said)
            bot = await self._add(connection, user_id, new, place, judged)
            if once is not None:
                await idempotency.keep(connection, once, bot.model_dump_json())
            return bot

    async def _add(
        self, connection: Connection, user_id: int, new: NewBot, place: Place, judged: Judged
    ) -> BotView:
        account = await self._account(connection, user_id, place)
        wish = (
            {"wanted": "running", "status": "starting", "command": "start"}
            if new.start
            else {"wanted": "stopped", "status": "stopped"}
        )
        bot_id = await repository.add(
            connection,
            uid=ids.new_uid(),
            user_id=user_id,
            account_id=account.id,
            name=new.name,
            exchange=place.exchange,
            strategy=new.strategy,
            symbol=new.symbol,
            mode=place.mode,
            params=judged.saved(),
            on_stop=new.on_stop,
            **wish,
        )
        bot = await _owned(connection, user_id, bot_id)
        await _tell_created(connection, user_id, bot)
        if new.start:
            await money.take_stake(connection, bot, self._strategies[new.strategy])
            await _post(connection, bot, "start")
        return BotView.model_validate(asdict(bot))

    async def _account(self, connection: Connection, user_id: int, place: Place) -> Account:
        if place.proven is not None:
            name = place.exchange.capitalize()
            return await self._accounts.find_or_make(
                connection, user_id, place.exchange, place.mode, name, place.proven
            )
        assert place.account_id is not None, "without keys the account is given"
        account = await accounts.lock(connection, user_id, place.account_id)
        if account is None:
            raise AccountNotFound(f"there is no account {place.account_id}", field="account_id")
        return account

    async def _changed_params(
        self, user_id: int, bot_id: int, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        async with self._database.begin() as connection:
            bot = await _owned(connection, user_id, bot_id)
        strategy = self._strategies[bot.strategy]
        wanted = parameters.merged(bot.params, given)
        judged = await self._judge(strategy, bot.exchange, Mode(bot.mode), bot.symbol, wanted)
        if judged.refusals:
            raise ParamsRefused(judged.refusals)
        return judged.saved()

    async def _with_all_counted(self, act: Callable[[], Awaitable[T]]) -> T:
        """Once more when money is lacking: some may just have come in."""
        try:
            return await act()
        except FreeTaken:
            pass  # judged anew by what is left
        except FundsLacking as lacking:
            with suppress(Fact):
                await self._recount(lacking.account_id)
        return await act()

    async def _recount(self, account_id: int) -> None:
        async with self._database.asking() as driver:
            credentials = await accounts.credentials(driver, account_id)
        session = self._exchanges.session(credentials)
        await recount(self._database, in_flight, account_id, session)

    async def _command(self, connection: Connection, bot: Bot, action: str) -> None:
        if await runner_repository.ask(connection, bot.id, action):
            await _post(connection, bot, action)

    async def _price(self, bot: Bot) -> Decimal | None:
        try:
            data = self._exchanges.market_data(bot.exchange, Mode(bot.mode))
            return await data.price(bot.symbol)
        except ExchangeUnreachable:
            return None


def _place_of(account: Account | None, new: NewBot) -> Place:
    if account is None:
        raise AccountNotFound(f"there is no account {new.account_id}", field="account_id")
    if new.exchange not in (None, account.exchange):
        raise AccountMismatch(f"the account is on {account.exchange}", field="exchange")
    if new.mode not in (None, account.mode):
        raise AccountMismatch(f"the account is a {account.mode} account", field="mode")
    return Place(account.exchange, account.mode, account.id, None)


async def _owned(connection: Connection, user_id: int, bot_id: int) -> Bot:
    return _present(await repository.owned(connection, user_id, bot_id), bot_id)


async def _lock(connection: Connection, user_id: int, bot_id: int) -> Bot:
    return _present(await repository.lock(connection, user_id, bot_id), bot_id)


def _present(bot: Bot | None, bot_id: int) -> Bot:
    if bot is None:
        raise BotNotFound(f"there is no bot {bot_id}")
    return bot


async def _post(connection: Connection, bot: Bot, action: str) -> None:
    queue = f"bot_commands:{bot.strategy}"
    await outbox.post(connection, queue, {"bot_id": bot.id, "action": action})


async def _tell_created(connection: Connection, user_id: int, bot: Bot) -> None:
    about = {
        "bot": bot.name,
        "strategy": bot.strategy,
        "symbol": bot.symbol,
        "exchange": bot.exchange,
        "mode": bot.mode,
    }
    message = f"{bot.name} is there: {bot.strategy} on {bot.symbol} at {bot.exchange} ({bot.mode})."
    await events.record(
        connection,
        user_id=user_id,
        bot_id=bot.id,
        type=EventType.BOT_CREATED,
        message=message,
        data=about,
    )
    await users.audit(connection, user_id, "bot_created", f"bot:{bot.id}", **about)
