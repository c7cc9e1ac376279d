"""How a process that serves no address says that it is ready."""

import os
from pathlib import Path


def say_ready(data_dir: Path, name: str) -> None:
    """Called once by the process `name`, when it has begun its work."""
    file = _file(data_dir, name)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_text(str(os.getpid()))
    unfinished.rename(file)


def is_ready(data_dir: Path, name: str, pid: int | None) -> bool:
    file = _file(data_dir, name)
    return pid is not None and file.exists() and file.read_text() == str(pid)


def _file(data_dir: Path, name: str) -> Path:
    return data_dir / "run" / f"{name}.ready"
