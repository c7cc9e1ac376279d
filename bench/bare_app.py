"""The least a Python web server can do to list bots: FastAPI, asyncpg, orjson, a JWT check."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
import jwt
import orjson
import uvicorn
from fastapi import FastAPI, Header, HTTPException, Response

QUERY = """
SELECT b.id, b.name, b.exchange, b.account_id, a.api_key_hint, b.strategy, b.symbol, b.params,
    b.mode, b.wanted, b.status, b.status_reason, b.on_stop, b.started_at, b.created_at, b.updated_at
FROM bots b JOIN exchange_accounts a ON a.id = b.account_id
WHERE b.user_id = $1 AND b.deleted_at IS NULL ORDER BY b.id DESC LIMIT 51
"""


def bare_app(database_url: str, key: str) -> FastAPI:
    pools: list[asyncpg.Pool] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=10, max_size=10, init=_jsonb) as pool:
            pools.append(pool)
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/bots")
    async def bots(authorization: Annotated[str, Header()]) -> Response:
        try:
            claims = jwt.decode(authorization.removeprefix("Bearer "), key, ["HS256"])
        except jwt.PyJWTError:
            raise HTTPException(401) from None
        rows = await pools[0].fetch(QUERY, int(claims["sub"]))
        body = {"items": [dict(row) for row in rows], "next_cursor": None}
        return Response(orjson.dumps(body), media_type="application/json")

    return app


async def _jsonb(connection: "asyncpg.Connection") -> None:
    await connection.set_type_codec("jsonb", encoder=str, decoder=orjson.loads, schema="pg_catalog")


if __name__ == "__main__":
    # Through stdin: arguments are visible to every user of the machine.
    told = json.loads(sys.stdin.read())
    uvicorn.run(
        bare_app(told["database_url"], told["key"]),
        port=told["port"],
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
