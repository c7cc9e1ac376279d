"""The documents say what is there: folders, rings, code, links, commands, settings."""

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from tradingbot.__main__ import app
from tradingbot.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tradingbot"
NOT_OURS = {
    line.strip().rstrip("/")
    for line in (ROOT / ".gitignore").read_text().splitlines()
    if line.strip().endswith("/")
} | {".git"}
DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not NOT_OURS.intersection(path.relative_to(ROOT).parts[:-1])
)
READMES = [ROOT / "README.md", ROOT / "README.ru.md"]

ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href|srcset)=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`((?:[\w.]+/)+\w+\.py)`")
NAME_IN_FILE = re.compile(r"`([A-Za-z_]+(?:\.[a-z_]+)?)`(?: in | \()`([\w/]+\.py)`")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code(path: Path) -> str:
    """What stands in code spans and code blocks."""
    return "\n".join(CODE.findall(path.read_text()))


def folders(at: Path) -> set[str]:
    """Every folder below that holds a file of ours."""
    return {
        f"{name(folder)}/"
        for folder in at.rglob("*")
        if folder.is_dir() and is_ours(folder) and any(map(Path.is_file, folder.iterdir()))
    }


def is_ours(path: Path) -> bool:
    return not NOT_OURS.intersection(path.relative_to(ROOT).parts)


def source(path: str) -> Path:
    found = [place / path for place in (PACKAGE, ROOT) if (place / path).is_file()]
    assert found, f"there is no {path}"
    return found[0]


def names_of(path: Path) -> set[str]:
    """Functions, classes and constants of a module, and `Class.method`."""
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inside = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {f"{node.name}.{method.name}" for method in inside}
    return found


def commands(at: Any, path: str = "tradingbot") -> set[str]:
    inside = getattr(at, "commands", None)
    if inside is None:
        return {path}
    return set().union(*(commands(each, f"{path} {word}") for word, each in inside.items()))


def test_the_architecture_names_every_folder_and_none_that_is_not_there() -> None:
    named = {
        row for row in ROW.findall((ROOT / "ARCHITECTURE.md").read_text()) if row.endswith("/")
    }
    top = {f"{folder.name}/" for folder in ROOT.iterdir() if folder.is_dir() and is_ours(folder)}
    assert named == top | folders(ROOT / "src") | {"src/tradingbot/"}


def test_the_rings_are_those_the_linter_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = contracts["contracts"][0]["layers"]
    # One in brackets may be missing, and is.
    held = [[part for part in layer.split(" | ") if "(" not in part] for layer in layers]
    drawn = re.search(
        r"```\n(processes > .*?)```", (ROOT / "ARCHITECTURE.md").read_text(), re.DOTALL
    )
    assert drawn is not None
    assert [ring.split(" | ") for ring in " ".join(drawn[1].split()).split(" > ")] == held


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    links = [left or right for left, right in LINK.findall(path.read_text())]
    own = [link.partition("#")[0] for link in links if "://" not in link]
    assert [link for link in own if link and not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_module_and_function_named_is_there(path: Path) -> None:
    text = path.read_text()
    for file in FILE.findall(text):
        source(file)
    for what, file in NAME_IN_FILE.findall(text):
        assert what in names_of(source(file)), f"{file} has no {what}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_make_target_named_is_there(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", code(path)))
    assert named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_command_named_is_there(path: Path) -> None:
    known = commands(typer.main.get_command(app))
    groups = {" ".join(command.split()[:2]) for command in known}
    for words in re.findall(r"\btradingbot ([a-z][a-z -]*)", code(path)):
        first, second = [*words.split(), "", ""][:2]
        assert f"tradingbot {first}" in groups, words
        assert f"tradingbot {first}" in known or f"tradingbot {first} {second}" in known, words


@pytest.mark.parametrize("path", READMES, ids=name)
def test_the_settings_described_are_those_that_are_read(path: Path) -> None:
    described = [row for row in ROW.findall(path.read_text()) if row == row.upper()]
    assert described == [field.upper() for field in Settings.model_fields]
