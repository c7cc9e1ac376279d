"""ccxt with only the exchanges we trade on: half the start-up time, 50 MB less in every process.

Decision: `import ccxt` runs package files that import some hundred exchanges. We put empty packages
in their place while the few modules we need are imported, and take them out again afterwards, so
that anybody who imports all of ccxt later (the tests do) still gets the real packages, built on
these same modules. Without a spec for ccxt, or with all of it imported already, nothing is faked.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")


def pro_class(exchange: str) -> Any:
    """ccxt.pro's class of an exchange: REST and streams."""
    module = f"ccxt.pro.{exchange}"
    if module not in sys.modules:
        _import(exchange, module)
    return getattr(sys.modules[module], exchange)


def _import(exchange: str, module: str) -> None:
    spec = importlib.util.find_spec("ccxt")
    places = spec.submodule_search_locations if spec else None
    if not places or any(name in sys.modules for name in PACKAGES):
        importlib.import_module(module)
        return
    root = places[0]
    package, rest, _ = (
        _empty(name, root + name.removeprefix("ccxt").replace(".", "/")) for name in PACKAGES
    )
    try:
        errors = importlib.import_module("ccxt.base.errors")
        vars(package).update({name: getattr(errors, name) for name in errors.__all__})
        vars(package)["Exchange"] = importlib.import_module("ccxt.base.exchange").Exchange
        vars(package)["async_support"] = rest
        plain = importlib.import_module(f"ccxt.async_support.{exchange}")
        vars(rest)[exchange] = getattr(plain, exchange)
        importlib.import_module(module)
    finally:
        for name in PACKAGES:
            sys.modules.pop(name, None)


def _empty(name: str, path: str) -> ModuleType:
    package = ModuleType(name)
    package.__path__ = [path]
    sys.modules[name] = package
    return package
