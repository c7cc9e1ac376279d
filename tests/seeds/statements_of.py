"""Every prepared statement of the system, by the name it has there."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import ModuleType

import tradingbot
from tradingbot.kit.statement import Statement

# Modules that may hold statements: the repositories, and the kit.
HOLDERS = ("repository", "kit")
# What no simulated process ever asks: pages for the API, people's doings and messages, audits of
# the books.
ELSEWHERE = (
    *("bots.repository.PAGE_", "users.repository.AUDIT", "orders.invariants_repository."),
    "notifications.courier_repository.",
)


@cache
def every_statement() -> Mapping[str, Statement]:
    found = {
        f"{module.__name__.removeprefix('tradingbot.')}.{name}": statement
        for module in _modules()
        for name, statement in _named(module)
    }
    return {name: found[name] for name in found if not name.startswith(ELSEWHERE)}


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(tradingbot.__path__, "tradingbot."):
        if any(word in found.name for word in HOLDERS):
            yield importlib.import_module(found.name)


def _named(module: ModuleType) -> Iterator[tuple[str, Statement]]:
    for name, value in vars(module).items():
        if isinstance(value, Statement):
            yield name, value
        elif isinstance(value, dict):
            for key, each in value.items():
                if isinstance(each, Statement):
                    yield f"{name}[{key}]", each
