"""JSON as PostgreSQL writes out what it keeps as JSONB."""

import json
from typing import Any


def written(value: Any) -> str:
    """Fields by length, then by bytes; a space after each comma and colon."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return "{" + ", ".join(f"{written(name)}: {written(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
