"""Every command and every button, from a phone to the emulator and back."""

import asyncio
import json

import pytest

from tests.telegram.conftest import Town
from tests.telegram.phone import Phone, Read
from tradingbot.telegram.commands import COMMANDS
from tradingbot.telegram.words import Words
from tradingbot.trading.order import OrderStatus


async def bot_statuses(town: Town) -> dict[str, str]:
    rows = await town.api.rows("SELECT name, status FROM bots ORDER BY id")
    return {row["name"]: row["status"] for row in rows}


async def commands(town: Town) -> list[str]:
    rows = await town.api.rows("SELECT body FROM outbox WHERE queue LIKE 'bot_%' ORDER BY id")
    return [json.loads(row["body"])["action"] for row in rows]


async def twice(town: Town, read: Read, asks: str) -> list[Read]:
    """Pressed again before anything was to be seen of it."""
    town.phone.look_away()
    for _ in range(2):
        await town.phone.tap(read, asks)
    return [await town.phone.reads() for _ in range(2)]


async def test_help_names_every_command_and_the_menu_has_them_all(town: Town) -> None:
    shown = await town.phone.ask("/help")
    for name in COMMANDS:
        assert f"/{name} – " in shown.text
    assert [menu.get("language_code") for menu in town.doorway.menus[:3]] == [None, "en", "ru"]
    assert all(f'"{name}"' in town.doorway.menus[0]["commands"] for name in COMMANDS)


async def test_bots_are_listed_page_by_page_and_one_is_opened_and_left_again(town: Town) -> None:
    for number in range(9):
        await town.api.bot(town.token, name=f"Bot {number}", start=False)
    first = await town.phone.ask("/bots")
    assert "Bot 8" in first.text
    assert "Bot 0" not in first.text
    second = await town.phone.press(first, "More")
    assert second.message_id == first.message_id
    assert "Bot 0" in second.text
    assert "Bot 8" not in second.text
    one = await town.phone.press(second, "⚪️ Bot 0")
    assert "<b>Bot 0</b>" in one.text
    assert "Grid on BTC/USDT, Binance, play money" in one.text
    assert "Status: stopped" in one.text
    again = await town.phone.press(one, "Bots")
    assert "Bot 8" in again.text
    assert (await town.phone.ask("/bot 1")).text == one.text


async def test_a_bot_starts_only_after_it_was_asked_about(town: Town) -> None:
    await town.api.bot(town.token, start=False)
    choice = await town.phone.ask("/startbot")
    asked = await town.phone.press(choice, "⚪️ My Bot")
    assert "It will spend its money there (play money)." in asked.text
    assert await bot_statuses(town) == {"My Bot": "stopped"}
    started = await town.phone.press(asked, "Yes, start")
    assert "<b>My Bot</b> starts" in started.text
    assert await bot_statuses(town) == {"My Bot": "starting"}
    assert "No" in asked.buttons


@pytest.mark.parametrize("way", ["keep", "cancel"])
async def test_a_bot_stops_in_the_way_chosen(town: Town, way: str) -> None:
    await town.api.bot(town.token)
    choice = await town.phone.ask("/stopbot")
    how = await town.phone.press(choice, "🟡 My Bot")
    await town.phone.press_asking(how, f"stopbot 1 {way}")
    (row,) = await town.api.rows("SELECT wanted, on_stop FROM bots")
    assert (row["wanted"], row["on_stop"]) == ("stopped", way)


async def test_selling_out_is_asked_about_twice(town: Town) -> None:
    await town.api.bot(town.token)
    how = await town.phone.ask("/stopbot 1")
    really = await town.phone.press(how, "Cancel orders, sell coins…")
    assert "Really sell everything" in really.text
    assert (await town.api.rows("SELECT wanted FROM bots"))[0]["wanted"] == "running"
    await town.phone.press(really, "Yes, sell and stop")
    (row,) = await town.api.rows("SELECT wanted, on_stop FROM bots")
    assert (row["wanted"], row["on_stop"]) == ("stopped", "sell")


async def test_panic_stops_every_bot_and_cancels_every_order_once_it_is_confirmed(
    town: Town,
) -> None:
    for name in ("One", "Two"):
        await town.api.bot(town.token, name=name)
    order = {"bot_id": 1, "symbol": "BTC/USDT", "side": "buy", "type": "limit"}
    placed = await town.api.call(
        "POST", "/api/orders", order | {"quantity": 0.001, "price": 50000}, token=town.token
    )
    assert placed.status_code == 201, placed.text
    status = await town.phone.ask("/status")
    asked = await town.phone.press(status, "🛑 Panic")
    assert "nothing is sold" in asked.text
    assert {row["wanted"] for row in await town.api.rows("SELECT wanted FROM bots")} == {"running"}
    done = await town.phone.press(asked, "Yes, stop everything")
    assert "Bots stopping: 2, orders being cancelled: 1" in done.text
    assert {row["wanted"] for row in await town.api.rows("SELECT wanted FROM bots")} == {"stopped"}
    (row,) = await town.api.rows("SELECT status FROM orders")
    assert row["status"] == "cancelled"


async def test_status_profit_balance_and_orders_show_what_the_api_shows(town: Town) -> None:
    await town.api.bot(town.token)
    order = {"bot_id": 1, "symbol": "BTC/USDT", "side": "buy", "type": "limit"}
    for price in (50000, 50001):
        body = order | {"quantity": 0.001, "price": price}
        placed = await town.api.call("POST", "/api/orders", body, token=town.token)
        assert placed.status_code == 201, placed.text
    status = await town.phone.ask("/status")
    assert "Bots: starting: 1" in status.text
    assert "Orders: 2 open of 2" in status.text
    profit = await town.phone.press(status, "Profit")
    assert "Nothing has been earned or lost yet." in profit.text
    assert "<b>My Bot</b>: 0 USDT" in profit.text
    balance = await town.phone.ask("/balance")
    assert "<b>Binance</b> (Binance, play money)" in balance.text
    assert "USDT: " in balance.text
    orders = await town.phone.ask("/orders")
    assert "Buy 0.001 BTC/USDT at 50,001 · open" in orders.text
    every = await town.phone.press(orders, "All orders")
    assert every.text.startswith("<b>Orders</b>")
    back = await town.phone.press(every, "Open ones")
    assert back.text == orders.text


async def test_orders_shows_page_by_page_all_that_have_not_ended_and_what_is_filled_of_them(
    town: Town,
) -> None:
    await town.api.bot(town.token)
    order = {"bot_id": 1, "symbol": "BTC/USDT", "side": "buy", "type": "limit"}
    for price in range(50001, 50017):
        body = order | {"quantity": 0.001, "price": price}
        placed = await town.api.call("POST", "/api/orders", body, token=town.token)
        assert placed.status_code == 201, placed.text
    for number, status in enumerate(OrderStatus, 1):
        await town.api.rows(
            "UPDATE orders SET status = :status, filled_quantity = 0.0004, filled_cost = 20 "
            "WHERE price = :price",
            status=status,
            price=50000 + number,
        )
    first = await town.phone.ask("/orders")
    second = await town.phone.press(first, "More")
    lines = [line for page in (first, second) for line in page.text.split("\n")[1:]]
    assert "Orders: 11 open of 16" in (await town.phone.ask("/status")).text
    assert [line.partition(" · no. ")[0] for line in lines] == [
        *(f"Buy 0.001 BTC/USDT at 50,0{number} · open" for number in range(16, 9, -1)),
        "Buy 0.0004 of 0.001 BTC/USDT at 50,004 · partly filled",
        "Buy 0.0004 of 0.001 BTC/USDT at 50,003 · open",
        "Buy 0.0004 of 0.001 BTC/USDT at 50,002 · being sent",
        "Buy 0.0004 of 0.001 BTC/USDT at 50,001 · planned",
    ]
    assert len(first.text.split("\n")) == 11
    assert "More ▸" not in second.buttons
    every = await town.phone.press(second, "All orders")
    rest = await town.phone.press(every, "More")
    assert "Buy 0.0004 of 0.001 BTC/USDT at 50,000 · cancelled" in rest.text


async def test_why_tells_what_a_bot_did(town: Town) -> None:
    await town.api.bot(town.token, name="Calm")
    choice = await town.phone.ask("/why")
    told = await town.phone.press(choice, "🟡 Calm")
    assert "<b>What Calm did</b>" in told.text
    assert "Calm is there: grid on BTC/USDT" in told.text


async def test_each_kind_of_event_is_switched_off_and_on_by_its_button(town: Town) -> None:
    shown = await town.phone.ask("/notifications")
    kinds = [label for label in shown.buttons if label.startswith("✅")]
    assert len(kinds) == 12
    for label in kinds:
        shown = await town.phone.press(shown, label)
    assert [label for label in shown.buttons if label.startswith("✅")] == []
    (row,) = await town.api.rows("SELECT enabled_events FROM notification_settings")
    assert row["enabled_events"] == []
    shown = await town.phone.press(shown, "▫️ Order filled")
    shown = await town.phone.press_asking(shown, "notifications order_filled on")
    (row,) = await town.api.rows("SELECT enabled_events FROM notification_settings")
    assert row["enabled_events"] == ["order_filled"]


async def test_the_language_changes_for_the_chat_and_for_all_that_is_told(town: Town) -> None:
    choice = await town.phone.ask("/lang")
    done = await town.phone.press(choice, "Русский")
    assert "Теперь по-русски." in done.text
    (row,) = await town.api.rows("SELECT language FROM notification_settings")
    assert row["language"] == "ru"
    assert (await town.phone.ask("/status")).text.startswith("<b>Одним взглядом</b>")
    assert "English" in (await town.phone.ask("/lang xx")).buttons
    assert (await town.phone.ask("/lang en")).text == "English it is."


async def test_settings_show_the_channels_and_switch_this_one(town: Town) -> None:
    shown = await town.phone.ask("/settings")
    assert "This chat: operator" in shown.text
    assert "Telegram: on" in shown.text
    off = await town.phone.press(shown, "Telegram off")
    assert "Telegram: off" in off.text
    assert "Telegram: on" in (await town.phone.press(off, "Telegram on")).text
    asked = await town.phone.press(off, "Disconnect…")
    gone = await town.phone.press(asked, "Yes, disconnect")
    assert "no longer connected" in gone.text
    assert "not connected" in (await town.phone.ask("/bots")).text
    (row,) = await town.api.rows("SELECT telegram_enabled FROM notification_settings")
    assert row["telegram_enabled"] is False


async def test_a_viewer_sees_and_does_nothing(town: Town) -> None:
    await town.api.bot(town.token)
    viewer = Phone(town.doorway, chat_id=2002)
    joined = await viewer.ask(await town.link(role="viewer"))
    assert "This chat may look" in joined.text
    assert "<b>My Bot</b>" in (await viewer.ask("/bot 1")).text
    page = await viewer.ask("/help")
    assert "/panic" not in page.text
    for forbidden in (
        "/startbot 1 yes",
        "/stopbot 1 sell yes",
        "/panic yes",
        "/notifications order_filled off",
        "/settings telegram off",
    ):
        assert "may only look" in (await viewer.ask(forbidden)).text
    # A button somebody else was shown is refused as well.
    assert "may only look" in (await viewer.press_asking(page, "panic yes")).text
    assert (await town.api.rows("SELECT wanted FROM bots"))[0]["wanted"] == "running"
    # What is told still goes to the operator's chat.
    (row,) = await town.api.rows("SELECT telegram_chat_id FROM notification_settings")
    assert row["telegram_chat_id"] == town.phone.chat_id


async def test_a_confirmation_pressed_twice_does_its_work_once(town: Town) -> None:
    await town.api.bot(town.token, start=False)
    asked = await town.phone.ask("/startbot 1")
    await twice(town, asked, "startbot 1 yes")
    balance = (await town.phone.ask("/balance")).text
    assert await commands(town) == ["start"]
    again = await town.phone.press_asking(asked, "startbot 1 yes")
    assert (await town.phone.ask("/balance")).text == balance
    assert "<b>My Bot</b> starts" in again.text
    noted = await town.api.rows("SELECT count(*) FROM audit_log WHERE action = 'bot_started'")
    assert noted == [{"count": 1}]
    await twice(town, asked, "stopbot 1 sell yes")
    assert await commands(town) == ["start", "stop"]


async def test_a_panic_pressed_twice_stops_and_cancels_once(town: Town) -> None:
    await town.api.bot(town.token)
    order = {"bot_id": 1, "symbol": "BTC/USDT", "side": "buy", "type": "limit"}
    body = order | {"quantity": 0.001, "price": 50000}
    await town.api.call("POST", "/api/orders", body, token=town.token)
    first, second = await twice(town, await town.phone.ask("/panic"), "panic yes")
    assert "Bots stopping: 1, orders being cancelled: 1" in first.text
    assert "orders being cancelled: 0" in second.text
    assert await commands(town) == ["start", "stop"]
    told = await town.api.rows("SELECT count(*) FROM events WHERE type = 'order_cancelled'")
    assert told == [{"count": 1}]


async def test_a_screen_that_is_as_before_stays_where_it_is(town: Town) -> None:
    shown = await town.phone.ask("/status")
    for _ in range(2):
        again = await town.phone.press(shown, "⟳")
        assert (again.message_id, again.text) == (shown.message_id, shown.text)
    await town.phone.ask("/help")
    assert [each.same for each in town.doorway.written[-4:]] == [False, True, True, False]


async def test_told_to_wait_nobody_asks_telegram_before_the_time(town: Town) -> None:
    await asyncio.sleep(0.1)  # until Telegram is being asked what is new
    town.doorway.close(1.5)
    assert "At a glance" in (await town.phone.ask("/status")).text
    assert sorted(town.doorway.early) == ["getUpdates", "sendMessage"]


async def test_somebody_elses_bot_is_no_bot(town: Town) -> None:
    bob = await town.api.token("bob@example.com")
    await town.api.bot(bob, name="Bob's")
    shown = await town.phone.ask("/status")
    for asks in ("bot 1", "startbot 1 yes", "stopbot 1 sell yes", "why 1", "bot 999"):
        assert (await town.phone.press_asking(shown, asks)).text.startswith("There is no such bot")
    assert await bot_statuses(town) == {"Bob's": "starting"}


async def test_nonsense_is_answered_kindly_and_harms_nobody(town: Town) -> None:
    shown = await town.phone.ask("/status")
    for words in ("hello", "/nothing", "/bot <b>1</b>", "/bot ٣", "/bot 99999999999999999999"):
        assert (await town.phone.ask(words)).text.startswith("There is no such")
    for asks in ("", "bots %%%", "orders all x", "why 1 x", "notifications party on"):
        answer = await town.phone.press_asking(shown, asks)
        assert "went wrong" not in answer.text, asks


async def test_names_are_never_markup(town: Town) -> None:
    await town.api.bot(town.token, name="<b>&amp; *bold* [x](y)", start=False)
    shown = await town.phone.ask("/bot 1")
    assert "<b>&lt;b&gt;&amp;amp; *bold* [x](y)</b>" in shown.text
    assert "&lt;b&gt;" in (await town.phone.ask("/bots")).text


async def test_in_a_group_only_what_is_for_the_bot_is_answered_and_everybody_only_looks(
    town: Town,
) -> None:
    await town.api.bot(town.token)
    group = Phone(town.doorway, chat_id=-3003, kind="group", name="Traders")
    command, _, token = (await town.link()).partition(" ")
    joined = await group.ask(f"{command}@{'TestNameBot'} {token}")
    assert "may look" in joined.text
    group.look_away()
    for words in ("hello", "/bots@OtherBot"):
        await group.say(words)
    assert "<b>My Bot</b>" in (await group.ask("/bots@TestNameBot")).text
    assert "may only look" in (await group.ask("/panic yes")).text


@pytest.mark.usefixtures("in_no_hurry")
async def test_asked_in_a_hurry_everything_is_answered_in_order_and_no_limit_is_passed(
    town: Town,
) -> None:
    town.phone.look_away()
    for name in ("/status", "/profit", "/balance", "/orders"):
        await town.phone.say(name)
    titles = [(await town.phone.reads()).text.split("\n")[0] for _ in range(4)]
    assert titles == [
        f"<b>{name}</b>" for name in ("At a glance", "Profit", "Balance", "Open orders")
    ]
    assert town.doorway.violations == []


# Where a walk over all buttons would leave the chat.
WAYS_OUT = {"settings unlink yes"}


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_every_command_and_every_button_in_both_languages(town: Town, language: str) -> None:
    for name in ("One", "Two"):
        await town.api.bot(town.token, name=name, start=False)
    await town.phone.ask(f"/lang {language}")
    words = Words(language)
    pressed: set[str] = {"lang en", "lang ru"} | WAYS_OUT
    for command in COMMANDS:
        read = await town.phone.ask(f"/{command}")
        screens = [read]
        while screens:
            read = screens.pop()
            assert read.text not in {words.say("trouble"), words.say("unknown")}, read
            assert language == "ru" or not any("а" <= letter <= "я" for letter in read.text)
            assert language == "en" or any("а" <= letter <= "я" for letter in read.text), read
            for asks in set(read.buttons.values()) - pressed:
                pressed.add(asks)
                screens.append(await town.phone.press_asking(read, asks))
    assert {asks.split()[0] for asks in pressed} >= set(COMMANDS) - {"start", "help"}
    assert {"panic yes", "startbot 1 yes", "stopbot 2 sell yes", "why 1"} <= pressed
