"""Every sentence the code can say to a person, read out of the code itself."""

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple, TypeAlias

from tradingbot.orders.invariants_repository import _RULES as BOOK_RULES

SRC = Path(__file__).parents[2] / "src" / "tradingbot"
FOLDERS = ("trading", "strategies", "bots", "orders", "ledger")
FILES = ("ccxt_binance_json", "ccxt_bybit_json", "ccxt_fields", "ccxt_sense", "ccxt_session")
# Read by programs and by who writes to the API, in English: bodies refused, previews, SQL.
NOT_READ = {
    "bots/parameters.py",
    "bots/schemas.py",
    "ledger/schemas.py",
    "orders/schemas.py",
    "orders/invariants_repository.py",
    "strategies/grid_params.py",
    "strategies/grid_preview.py",
}
# What is given to these ends in the operator's log, in a dead letter, or in a statement.
NOT_TOLD = {"log", "_log", "text", "ExchangeUnreachable", "Unclear", "Unprocessable"} | {
    "AssertionError",
    "Outage",
    "_give_up",
}
# Of an exchange's answers, not of its stream: they end in the log.
LOGGED = {
    "a candle from 7 to 7 between 7 and 7",
    "a page that follows itself",
    "an answer that is neither good nor bad",
    "market %s is left out: %s",
    "the answer is about another 7",
}
# What stands in a hole, where it is not just any name, number or other sentence.
HOLES: Mapping[str, tuple[str, ...]] = {
    "order.status": ("cancelled", "expired", "rejected"),
    "side": ("buy", "sell"),
    "what": (
        *("no text", "no number", "no id", "no time", "negative", "absurdly large"),
        *("not above zero", "neither true nor false", "neither buy nor sell"),
    ),
    "', '.join(owners[asset])": ("Grid (7), bot 7 (7)",),
    "_amounts": ("7 BTC", "7 BTC and 7 ETH and 7 USDT"),
}
ANYTHING = ("7",)
NOT_ALONE = LOGGED.union(*HOLES.values())
# Words with something around them; what is shorter is a key, a slot, a name of ours.
SENTENCE = re.compile(r"(?=.*[a-z]{3})(?=.* )")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Known: TypeAlias = Mapping[str, list[ast.Assign]]


class Said(NamedTuple):
    where: str
    sentence: str


def everything_said() -> Iterator[Said]:
    paths = [path for folder in FOLDERS for path in (SRC / folder).glob("*.py")]
    paths += [SRC / "adapters" / f"{name}.py" for name in FILES]
    paths.append(SRC / "notifications" / "courier.py")
    for path in sorted(paths):
        name = str(path.relative_to(SRC))
        if name not in NOT_READ:
            yield from (Said(name, sentence) for sentence in said_by(ast.parse(path.read_text())))
    yield from (Said("books", why) for query in BOOK_RULES.values() for why in _of_sql(query))


def said_by(module: ast.Module) -> Iterator[str]:
    passed = _passed_over(module)
    for scope in ast.walk(module):
        if isinstance(scope, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            inside = list(_own(scope))
            known = _assigned(inside)
            used = {
                id(part)
                for node in inside
                if isinstance(node, ast.JoinedStr)
                for part in ast.walk(node)
                if isinstance(part, ast.Name)
                for value in _value(part, known)
                for part in ast.walk(value)
            }
            for node in inside:
                if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in passed | used:
                    texts = filter(SENTENCE.match, _texts(node, known))
                    yield from (each for each in texts if each not in NOT_ALONE)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """What stands in it, but not in a function within it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _own(child)


def _passed_over(module: ast.Module) -> set[int]:
    """Comments in quotes, claims, what nobody is told, and the pieces of what is one string."""
    found: set[int] = set()
    for node in ast.walk(module):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Assert():
                found |= {id(each) for each in ast.walk(node)}
            case ast.Call() if NOT_TOLD & set(ast.unparse(node.func).split(".")):
                found |= {id(each) for each in ast.walk(node)}
            case ast.Attribute(value=ast.Constant(), attr="join"):
                found.add(id(node.value))
            case ast.JoinedStr():
                found |= {id(each) for each in node.values}
                spoken = (
                    each.value for each in node.values if isinstance(each, ast.FormattedValue)
                )
                found |= {
                    id(each)
                    for value in spoken
                    if isinstance(value, ast.IfExp)
                    for each in ast.walk(value)
                }
            case _:
                pass
    return found


def _assigned(nodes: list[ast.AST]) -> dict[str, list[ast.Assign]]:
    found: dict[str, list[ast.Assign]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            found.setdefault(target.id, []).append(node)
    return found


def _value(name: ast.Name, known: Known) -> list[ast.expr]:
    """What was last assigned to it above: one, or none."""
    above = [each for each in known.get(name.id, ()) if each.lineno < name.lineno]
    return [max(above, key=lambda each: each.lineno).value] if above else []


def _texts(node: ast.expr, known: Known) -> list[str]:
    """Everything it may come to, with something harmless where a value will stand."""
    if isinstance(node, ast.JoinedStr):
        return ["".join(each) for each in product(*(_texts(each, known) for each in node.values))]
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.FormattedValue(value=value):
            ways = [value]
        case ast.IfExp(body=one, orelse=other):
            ways = [one, other]
        case ast.BoolOp(op=ast.Or(), values=values):
            ways = values
        case ast.Name() if last := _value(node, known):
            ways = last
        case _:
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            return list(HOLES.get(called) or HOLES.get(ast.unparse(node), ANYTHING))
    return [text for way in ways for text in _texts(way, known)]


def _of_sql(query: str) -> list[str]:
    """The last of a rule's three columns, its pieces joined with `||`."""
    selected = " ".join(query.split()).partition(" FROM ")[0]
    columns = re.sub(r"coalesce\(.*?\)", "value", selected).split(",", 2)
    pieces = re.findall(r"'((?:[^']|'')*)'|[\w.]+", columns[2])
    return ["".join(text.replace("''", "'") or "7" for text in pieces)]
