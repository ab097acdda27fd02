"""Routes of the admin API, and the OpenAPI document that derives from them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refusal(BaseModel):
    """Why a request was refused."""

    error: str


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route: what serves it, and what its OpenAPI operation says.

    `refusals` are the statuses of refusals besides 401 and 429, which all but open routes have.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    status: int = 200
    body: type[BaseModel] | None = None
    response: type[BaseModel] | None = None
    content_type: str = "application/json"
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    refusals: tuple[int, ...] = ()
    is_open: bool = False


def add_routes(router: web.UrlDispatcher, routes: list[Route]) -> None:
    """Serve routes."""
    for route in routes:
        router.add_route(route.method, route.path, route.handler)


def openapi(title: str, version: str, routes: list[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of routes."""
    models = {model for route in routes for model in (route.body, route.response) if model}
    _, schemas = models_json_schema(
        [
            (model, "serialization")
            for model in sorted({*models, Refusal}, key=lambda m: m.__name__)
        ],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    statuses = route.refusals if route.is_open else (401, 429, *route.refusals)
    content = {route.content_type: {"schema": _reference(route.response)}}
    operation: dict[str, Any] = {
        "summary": route.summary,
        "responses": {
            str(route.status): {"description": route.summary, "content": content},
            **{
                str(status): {
                    "description": "Refused.",
                    "content": {"application/json": {"schema": _reference(Refusal)}},
                }
                for status in sorted(statuses)
            },
        },
    }
    names = [part[1:-1].split(":")[0] for part in route.path.split("/") if part.startswith("{")]
    operation["parameters"] = [
        *(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ),
        *(
            {"name": name, "in": "query", "schema": dict(schema)}
            for name, schema in route.query.items()
        ),
    ]
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _reference(route.body)}},
        }
    if route.is_open:
        operation["security"] = []
    return operation


def _reference(model: type[BaseModel] | None) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"} if model else {"type": "string"}
