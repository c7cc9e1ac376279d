"""One system per data directory, and what it leaves there."""

import json
import os
from pathlib import Path

import pytest

from tradingbot.local.directory import AlreadyRunning, DataDirectory


def test_a_second_holder_is_told_who_and_where(tmp_path: Path) -> None:
    with DataDirectory(tmp_path).held() as sign:
        sign("http://127.0.0.1:8000")
        with (
            pytest.raises(AlreadyRunning, match=f"process {os.getpid()}, http://127.0.0.1:8000"),
            DataDirectory(tmp_path).held(),
        ):
            pass


def test_nothing_of_the_run_is_left_behind(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    with directory.held():
        directory.announce({"api_url": "http://127.0.0.1:8000"})
        runtime = tmp_path / "runtime.json"
        assert json.loads(runtime.read_text()) == {"api_url": "http://127.0.0.1:8000"}
        assert runtime.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_announced_is_withdrawn(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.announce({"pids": {"api": None}})
    with directory.held():
        assert not (tmp_path / "runtime.json").exists()


def test_a_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    secret = directory.secret("secret_key")
    assert len(secret) >= 32
    assert directory.secret("secret_key") == secret
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
