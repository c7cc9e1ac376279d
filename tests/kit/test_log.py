"""Every line, ours or a library's, comes out in one form, with its ids and without secrets."""

import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tradingbot.kit.log import Form, bound, configure, logger

SECRET = "AbCdEf123456XyZ"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_time_level_process_and_bound_ids(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("INFO", "json", "bot-worker")
    with bound(bot_id=7, user_id=1):
        logger("here").info("step", order_id=3)
    (line,) = lines(capsys)
    assert line.pop("at").endswith("Z")
    assert line == {
        "event": "step", "level": "info", "logger": "here", "process": "bot-worker",
        "bot_id": 7, "user_id": 1, "order_id": 3,
    }  # fmt: skip


def test_a_librarys_line_takes_the_same_road(capsys: pytest.CaptureFixture[str]) -> None:
    configure("INFO", "json", "api")
    logging.getLogger("uvicorn.error").warning("password=%s", SECRET)
    logging.getLogger("sqlalchemy.engine").info("BEGIN")
    logging.getLogger("ccxt").debug("X-MBX-APIKEY")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("look", stacklevel=1)
    first, second = lines(capsys)
    assert (first["event"], first["level"], first["process"]) == ("password=***", "warning", "api")
    assert "look" in second["event"]


def fail() -> None:
    raise ValueError(f"GET /order?signature={SECRET} to https://u:{SECRET}@host")


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_exception_is_shown_without_what_it_must_not_say(
    capsys: pytest.CaptureFixture[str], form: Form
) -> None:
    configure("DEBUG", form, "api")
    try:
        fail()
    except ValueError:
        logger("here").exception("failed", api_secret=SECRET, headers={"Authorization": SECRET})
        logging.getLogger("ccxt").exception("failed with token=%s", SECRET)
    shown = capsys.readouterr().err
    assert shown.count("ValueError: GET /order?signature=***") == 2
    assert SECRET not in shown


def test_what_is_below_the_level_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    configure("WARNING", "json", "api")
    logger("here").info("step")
    logging.getLogger("anything").info("step")
    assert lines(capsys) == []


def test_the_console_form_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure("INFO", "console", "api")
    with bound(bot_id=7):
        logger("here").info("order filled", price="50000")
    shown = capsys.readouterr().err
    assert "order filled" in shown
    assert "bot_id=7" in shown


def test_what_cannot_be_said_does_not_break_the_program(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("INFO", "json", "api")
    logger("here").info("odd", thing=object, half="\ud800", nan=float("nan"), big=10**40)
    assert lines(capsys)[0]["nan"] == "nan"
