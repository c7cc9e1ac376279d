"""The OpenAPI document is complete, and the API keeps to it whatever it is sent."""

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.client import Api, running_api
from tests.paper.server import running_paper_exchange

FUZZ_SECONDS_MAX = 45
CHECKS = list(HealthCheck)
KEPT = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    for option in schema.get("anyOf", []):
        if "$ref" in option:
            return resolve(document, option)
    return schema


async def test_every_body_has_an_example(api: Api) -> None:
    document = (await api.call("GET", "/openapi.json")).json()
    bodies = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                has_one = "example" in content or "example" in resolve(document, content["schema"])
                assert has_one, (method, path)
                bodies += 1
    assert bodies > 10


async def test_every_answer_names_its_problem_and_no_other_form_of_one(api: Api) -> None:
    document = (await api.call("GET", "/openapi.json")).json()
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
            assert "422" not in operation["responses"]


async def test_the_documentation_page_signs_in_by_the_form(api: Api) -> None:
    page = await api.call("GET", "/docs")
    assert page.status_code == 200
    assert "/openapi.json" in page.text
    assert "https://" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/docs/assets/{asset}" in page.text
        assert (await api.call("GET", f"/docs/assets/{asset}")).status_code == 200
    document = (await api.call("GET", "/openapi.json")).json()
    [scheme] = document["components"]["securitySchemes"].values()
    assert scheme["flows"]["password"]["tokenUrl"] == "/api/auth/token"


@pytest.fixture
def served(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server on a port of its own, in a thread of its own; its address and a user's token."""
    ready: Future[tuple[str, str]] = Future()
    stop = Event()

    async def serve() -> None:
        async with (
            running_paper_exchange(tmp_path, prints_per_second=0.0) as paper,
            running_api(database_url, redis_url, paper.url) as api,
        ):
            server = uvicorn.Server(uvicorn.Config(api.app, log_config=None, access_log=False))
            listener = socket.create_server(("127.0.0.1", 0))
            async with asyncio.TaskGroup() as group:
                group.create_task(server.serve(sockets=[listener]))
                token = await api.token()
                await api.bot(token)
                ready.set_result((f"http://127.0.0.1:{listener.getsockname()[1]}", token))
                await asyncio.to_thread(stop.wait)
                server.should_exit = True

    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(asyncio.run, serve())
        try:
            yield ready.result(timeout=60)
        finally:
            stop.set()
            serving.result()


def test_whatever_it_is_sent_it_answers_by_its_own_schema(served: tuple[str, str]) -> None:
    url, token = served
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    until = time.monotonic() + FUZZ_SECONDS_MAX
    asked = 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        if time.monotonic() < until:
            fuzz(result.ok(), {"Authorization": f"Bearer {token}"})
            asked += 1
    assert asked > 20


def fuzz(operation: APIOperation[Any, Any, Any, Any], headers: dict[str, str]) -> None:
    @settings(max_examples=6, deadline=None, database=None, suppress_health_check=CHECKS)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=KEPT)

    ask()
