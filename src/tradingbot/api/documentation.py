"""The OpenAPI document and the page to try it on."""

from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.openapi.utils import get_openapi
from fastapi.staticfiles import StaticFiles

from tradingbot.api.problems import PROBLEM_JSON, SCHEMA

ASSETS = "/docs/assets"
REDIRECT = "/docs/oauth2-redirect"
PROBLEM = {"$ref": "#/components/responses/Problem"}
METHODS = ("get", "post", "put", "patch", "delete")


def install(app: FastAPI) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # because FastAPI documents it so
    # Swagger UI's own files come with this package: the page asks nobody else for any.
    app.mount(ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]))

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            oauth2_redirect_url=REDIRECT,
            swagger_ui_parameters={"persistAuthorization": True},
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon.png",
        )

    @app.get(REDIRECT, include_in_schema=False)
    async def redirect() -> Response:
        return get_swagger_ui_oauth2_redirect_html()


def _described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    components = document["components"]
    components["schemas"] = {
        name: schema
        for name, schema in components["schemas"].items()
        if name not in ("HTTPValidationError", "ValidationError")
    } | {"Problem": SCHEMA}
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {
        "Problem": {"description": "What was wrong, by a stable code", "content": content}
    }
    for path in document["paths"].values():
        for method in METHODS:
            if method in path:
                # One shape for every problem; FastAPI's own for 422 is not what we answer.
                path[method]["responses"].pop("422", None)
                path[method]["responses"]["default"] = PROBLEM
    return document
