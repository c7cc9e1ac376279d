"""Structured logs: one line a fact, ids bound to it, never a secret."""

import json
import logging
import sys
from typing import Any, Literal, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from tradingbot.kit.scrub import scrub

Form = Literal["json", "console"]

# `with log.bound(bot_id=…, order_id=…):` puts these into every line said inside, by anybody.
bound = structlog.contextvars.bound_contextvars

# Below these levels they print headers, statements or one line per request of ours.
QUIET = {
    "aiohttp.access": logging.WARNING,
    "asyncio": logging.WARNING,
    "ccxt": logging.INFO,
    "sqlalchemy.engine": logging.WARNING,
    "sqlalchemy.pool": logging.WARNING,
    "uvicorn.access": logging.WARNING,
}
# They come with handlers of their own, or get them from the program that starts them.
ROUTED = ("aiohttp", "alembic", "ccxt", "py.warnings", "sqlalchemy", "uvicorn", "uvicorn.error")


def logger(name: str) -> FilteringBoundLogger:
    """A logger that adds the bound ids to each line."""
    return cast("FilteringBoundLogger", structlog.get_logger(name))


def configure(level: str, form: Form, process: str) -> None:
    """Send every line, ours and the libraries', to standard error in one form."""
    threshold = logging.getLevelNamesMapping()[level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _Named(process),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    _route_libraries(threshold, [structlog.stdlib.ExtraAdder(), *shared], _renderers(form))


def _renderers(form: Form) -> list[Processor]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if form == "json":
        return [strip, _scrubbed, _as_json]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(),
        timestamp_key="at",
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [strip, _scrubbed, console]


def _route_libraries(threshold: int, foreign: list[Processor], renderers: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=renderers)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    logging.captureWarnings(capture=True)
    for name in (*ROUTED, *QUIET):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(threshold, least))


class _Named:
    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(self, _: WrappedLogger, __: str, line: EventDict) -> EventDict:
        line["process"] = self._process
        return line


def _scrubbed(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    return cast("dict[str, Any]", scrub(line))


def _as_json(_: WrappedLogger, __: str, line: EventDict) -> str:
    return json.dumps(line, ensure_ascii=False)
