"""A bot's part of the account's money: taken at its start, given back at its end."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from tests.ledger.stage import GRID, SYMBOL, USER, Stage, a_stage
from tradingbot.bots.errors import FundsLacking
from tradingbot.bots.schemas import BotChanges
from tradingbot.ledger import repository
from tradingbot.ledger.moves import BOT, Pocket, free, transfer
from tradingbot.orders.schemas import PlaceOrder
from tradingbot.trading.event import OnStop

D = Decimal


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    async with a_stage(database_url) as stage:
        yield stage


async def running(stage: Stage, **changes: Any) -> int:
    bot_id = await stage.create(**changes)
    await stage.calm()
    assert (await stage.status(bot_id))[0] == "running"
    return bot_id


async def stopped(stage: Stage, bot_id: int, on_stop: OnStop) -> None:
    await stage.desk.stop(USER, bot_id, on_stop)
    await stage.calm()
    assert (await stage.status(bot_id))[0] == "stopped"


async def gone(stage: Stage, asset: str, quantity: str) -> None:
    """Some of what is free belongs to another bot by now."""
    moves = transfer(free(asset), Pocket(999, BOT, asset), D(quantity))
    async with stage.database.begin() as connection:
        await repository.move(connection, stage.account_id, moves)


async def test_a_bot_created_and_started_takes_its_investment_at_once(stage: Stage) -> None:
    bot_id = await stage.create()

    assert await stage.of(bot_id) == {"USDT": D(7000)}
    assert await stage.free("USDT") == 93_000
    await stage.assert_books_equal_balances()


async def test_a_bot_not_started_takes_nothing_until_it_is(stage: Stage) -> None:
    bot_id = await stage.create(start=False)
    assert await stage.of(bot_id) == {}
    await stage.desk.start(USER, bot_id)
    assert await stage.of(bot_id) == {"USDT": D(7000)}


async def test_two_bots_on_one_market_each_trade_with_their_own(stage: Stage) -> None:
    first, second = await running(stage), await running(stage, name="Second")
    stage.exchange.move(SYMBOL, D(58_900))
    await stage.calm()

    for bot_id in (first, second):
        # Seven thousand, less two buys below and three sales' coins bought at the start.
        assert set(await stage.of(bot_id)) == {"BTC", "USDT"}
    assert await stage.of(first) == await stage.of(second)
    assert await stage.free("USDT") == 86_000
    await stage.assert_books_equal_balances()


async def test_more_than_is_free_is_refused_by_field_and_nothing_is_left_behind(
    stage: Stage,
) -> None:
    await stage.create(start=False)
    await gone(stage, "USDT", "99960")

    with pytest.raises(FundsLacking) as refused:
        await stage.create(name="Second", params=GRID | {"investment": "200", "lines": 2})

    assert refused.value.field == "params.investment"
    assert refused.value.message == (
        "it needs 200 USDT, and the account has 40 USDT that belong to no bot"
    )
    async with stage.database.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM bots"))).scalar_one() == 1


async def test_a_bot_may_take_all_that_is_free(stage: Stage) -> None:
    await stage.create(start=False)
    await gone(stage, "USDT", "93000")
    await stage.create(name="Second")
    assert await stage.free("USDT") == 0


async def test_money_that_has_just_come_in_is_counted_before_a_start_is_refused(
    stage: Stage,
) -> None:
    bot_id = await stage.create(start=False)
    await gone(stage, "USDT", "100000")
    stage.exchange.account(stage.account_id).change("USDT", D(8_000))

    await stage.desk.start(USER, bot_id)

    assert await stage.free("USDT") == 1_000
    assert len(await stage.warnings()) == 1


@pytest.mark.parametrize("on_stop", [OnStop.CANCEL, OnStop.SELL])
async def test_what_a_stopped_bot_had_belongs_to_no_bot(stage: Stage, on_stop: OnStop) -> None:
    bot_id = await running(stage)
    await stopped(stage, bot_id, on_stop)

    assert await stage.of(bot_id) == {}
    # What could not be sold for being less than one lot goes back, too.
    assert (await stage.free("BTC") > D("1.03")) == (on_stop is OnStop.CANCEL)
    await stage.assert_books_equal_balances()


async def test_a_stopped_bot_goes_on_with_what_it_had(stage: Stage) -> None:
    bot_id = await running(stage)
    stage.exchange.move(SYMBOL, D(58_900))
    await stage.calm()
    before = await stage.of(bot_id)
    await stopped(stage, bot_id, OnStop.CANCEL)
    await stage.desk.start(USER, bot_id)

    assert await stage.of(bot_id) == before
    await stage.calm()
    assert (await stage.status(bot_id))[0] == "running"
    await stage.assert_books_equal_balances()


async def test_a_stopped_bots_coins_that_are_another_bots_by_now_keep_it_from_starting(
    stage: Stage,
) -> None:
    bot_id = await running(stage)
    await stopped(stage, bot_id, OnStop.CANCEL)
    await gone(stage, "BTC", "1.02")

    with pytest.raises(FundsLacking, match=r"BTC, and the account has 0\.\d+ BTC that belong"):
        await stage.desk.start(USER, bot_id)
    assert (await stage.status(bot_id))[0] == "stopped"


async def test_a_bot_stopped_with_its_orders_kept_keeps_what_it_has(stage: Stage) -> None:
    bot_id = await running(stage)
    before = await stage.of(bot_id)
    await stopped(stage, bot_id, OnStop.KEEP)
    assert await stage.of(bot_id) == before

    stage.exchange.move(SYMBOL, D(58_900))  # its buys fill while nobody looks after it
    await stage.hear()
    held = await stage.of(bot_id)
    assert held["BTC"] > before["BTC"]
    await gone(stage, "USDT", "93000")  # nothing is free: it needs nothing more
    await stage.desk.start(USER, bot_id)
    await stage.calm()

    assert (await stage.status(bot_id))[0] == "running"
    assert await stage.of(bot_id) == held
    await stage.assert_books_equal_balances()


async def test_parts_filled_while_a_bot_was_stopped_do_not_count_twice(stage: Stage) -> None:
    bot_id = await running(stage)
    await stopped(stage, bot_id, OnStop.KEEP)
    [highest, *_] = sorted(
        (o for o in await stage.live() if o.side == "buy"), key=lambda o: -(o.price or 0)
    )
    assert highest.price is not None
    stage.exchange.move(SYMBOL, highest.price, D("0.001"))
    await stage.hear()
    held = await stage.of(bot_id)
    await gone(stage, "USDT", "93000")
    await stage.desk.start(USER, bot_id)
    await stage.calm()

    assert (await stage.status(bot_id))[0] == "running"
    assert await stage.of(bot_id) == held


async def test_a_bot_whose_worker_finds_the_money_gone_ends_and_says_why(stage: Stage) -> None:
    bot_id = await stage.create(start=False)
    await gone(stage, "USDT", "99000")
    async with stage.database.begin() as connection:  # pushed to the queue by anybody
        await connection.execute(
            text("UPDATE bots SET wanted = 'running', status = 'starting', command = 'start'")
        )
    await stage.calm()

    assert await stage.status(bot_id) == (
        "error",
        "it needs 7,000 USDT, and the account has 1,000 USDT that belong to no bot",
    )
    assert await stage.live() == []
    await gone(stage, "USDT", "-99000")
    await stage.desk.start(USER, bot_id)
    await stage.calm()
    assert (await stage.status(bot_id))[0] == "running"


async def test_a_larger_investment_takes_the_difference_at_once(stage: Stage) -> None:
    bot_id = await running(stage)
    await stage.desk.change(USER, bot_id, BotChanges(params={"investment": "8000"}))
    assert await stage.free("USDT") == 92_000
    await stage.calm()

    assert (await stage.status(bot_id))[0] == "running"
    assert await stage.free("USDT") == 92_000
    await stage.assert_books_equal_balances()


async def test_a_larger_investment_than_there_is_money_is_refused_and_changes_nothing(
    stage: Stage,
) -> None:
    bot_id = await running(stage)
    await gone(stage, "USDT", "92500")

    with pytest.raises(FundsLacking, match="it needs 1,000 USDT, and the account has 500 USDT"):
        await stage.desk.change(USER, bot_id, BotChanges(params={"investment": "8000"}))
    async with stage.database.begin() as connection:
        query = text("SELECT params ->> 'investment' FROM bots")
        assert (await connection.execute(query)).scalar_one() == "7000"


async def test_a_smaller_investment_gives_the_difference_back_once_the_orders_are(
    stage: Stage,
) -> None:
    bot_id = await running(stage)
    await stage.desk.change(USER, bot_id, BotChanges(params={"investment": "5000"}))
    assert await stage.free("USDT") == 93_000
    await stage.calm()

    assert (await stage.status(bot_id))[0] == "running"
    assert await stage.free("USDT") == 95_000
    await stage.assert_books_equal_balances()


async def test_parameters_of_a_stopped_bot_move_nothing(stage: Stage) -> None:
    bot_id = await running(stage)
    await stopped(stage, bot_id, OnStop.SELL)
    there = await stage.free("USDT")
    await stage.desk.change(USER, bot_id, BotChanges(params={"investment": "5000"}))
    assert await stage.free("USDT") == there
    await stage.desk.start(USER, bot_id)
    assert D(5000) - D(20) < (await stage.of(bot_id))["USDT"] < D(5000)  # less what it had lost


async def test_a_deleted_bot_gives_back_all_it_has(stage: Stage) -> None:
    bot_id = await running(stage)
    await stopped(stage, bot_id, OnStop.KEEP)
    for order in await stage.live():
        await stage.orders.cancel(USER, order.id)
    body = {"bot_id": bot_id, "symbol": SYMBOL, "side": "buy", "type": "market", "quantity": 0.01}
    await stage.orders.place_manual(USER, PlaceOrder.model_validate(body))
    assert set(await stage.of(bot_id)) == {"BTC", "USDT"}

    await stage.desk.delete(USER, bot_id)

    assert await stage.of(bot_id) == {}
    await stage.assert_books_equal_balances()


async def test_a_bot_that_cannot_even_be_read_gives_back_what_it_took(stage: Stage) -> None:
    bot_id = await stage.create()
    async with stage.database.begin() as connection:
        await connection.execute(text("""UPDATE bots SET params = '{"lines": "many"}'"""))
    await stage.calm()

    assert (await stage.status(bot_id))[0] == "error"
    assert await stage.free("USDT") == 100_000


async def test_an_order_the_bot_has_no_money_for_is_never_sent_and_its_owner_hears_why(
    stage: Stage,
) -> None:
    bot_id = await running(stage)
    lost = transfer(Pocket(bot_id, BOT, "USDT"), Pocket(999, BOT, "USDT"), D(2000))
    async with stage.database.begin() as connection:
        await repository.move(connection, stage.account_id, lost)
    sent = len(stage.exchange.posts)

    stage.exchange.move(SYMBOL, D(62_000))  # a sale, and it would buy again one line lower
    await stage.calm()

    assert len(stage.exchange.posts) == sent
    async with stage.database.begin() as connection:
        query = text("SELECT message FROM events WHERE type = 'bot_error'")
        [said] = (await connection.execute(query)).scalars()
    assert "was refused (it needs" in said
    assert "USDT, and the bot has -" in said
